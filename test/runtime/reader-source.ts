import { SequenceSource } from "../../core/connectors/sequence-source.ts";
import type { SourceReader, SourceReaderContext } from "../../core/connectors/source.ts";

/** A source of one reader, without splits. */
export function readerSource(make: (context: SourceReaderContext) => Partial<SourceReader<number, never>>): never {
  const sequence = new SequenceSource(1, 1);
  return {
    boundedness: "BOUNDED",
    describe: () => "reader",
    createEnumerator: (context: never) => sequence.createEnumerator(context),
    restoreEnumerator: (context: never, state: never) => sequence.restoreEnumerator(context, state),
    splitType: sequence.splitType,
    enumeratorStateType: sequence.enumeratorStateType,
    createReader: (context: SourceReaderContext) => ({
      start: () => {},
      addSplits: () => {},
      notifyNoMoreSplits: () => {},
      snapshotState: () => [],
      close: () => {},
      ...make(context),
    }),
  } as never;
}
