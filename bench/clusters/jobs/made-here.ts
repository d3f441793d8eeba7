import { type InputStatus, type ReaderOutput, type Source, type SourceReaderContext, types } from "tamias";

/** What makes the records of one subtask, a few at a time. */
export type Maker<T> = (output: ReaderOutput<T>) => InputStatus;

/** A source whose subtasks make their records by themselves, so that nobody deals anything out. */
export function madeHere<T>(title: string, givesColumns: boolean, makerOf: (context: SourceReaderContext) => Maker<T>): Source<T, object, object> {
  const nothing = types.object({});
  return {
    boundedness: "BOUNDED",
    givesColumns,
    splitType: nothing,
    enumeratorStateType: nothing,
    describe: () => title,
    createEnumerator: () => NO_SPLITS,
    restoreEnumerator: () => NO_SPLITS,
    createReader: (context) => ({
      start() {},
      pollNext: makerOf(context),
      addSplits() {},
      notifyNoMoreSplits() {},
      snapshotState: () => [],
      close() {},
    }),
  };
}

const NO_SPLITS = {
  start() {},
  addReader() {},
  handleSplitRequest() {},
  addSplitsBack() {},
  snapshotState: () => ({}),
  close() {},
};
