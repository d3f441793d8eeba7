import type { ColumnBatch, Sink, SinkWriterContext } from "tamias";

/** What one subtask of a sink does with its records, and what it says of them at the end. */
export interface Observer<T, R> {
  see(record: T, timestamp: number): void;
  seeColumns?(batch: ColumnBatch): void;
  /** Whether it takes more now; absent means always. */
  isReady?(): boolean;
  report(): R;
}

/** Each subtask reports once, when its input has ended, to whoever submitted the job. */
export function reportingSink<T, R>(name: string, observerOf: (context: SinkWriterContext) => Observer<T, R>): Sink<T> {
  return {
    describe: () => name,
    submitterName: name,
    takesColumns: true,
    createWriter(context) {
      const observer = observerOf(context);
      const results = context.results(name);
      return {
        write: (record, { timestamp }) => observer.see(record, timestamp ?? NaN),
        ...(observer.isReady === undefined ? {} : { isReady: () => observer.isReady!() }),
        writeColumns(batch) {
          if (observer.seeColumns === undefined) throw new Error(`${name} takes rows`);
          observer.seeColumns(batch);
          return true;
        },
        flush(isEnd) {
          if (!isEnd) return;
          results.take(observer.report());
          results.flush();
        },
        close() {},
      };
    },
  };
}
