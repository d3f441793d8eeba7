import type { Committer, Sink, SinkWriter, SinkWriterContext } from "../../core/connectors/sink.ts";
import { types } from "../../core/data/type.ts";
import type { Row } from "./rows.ts";

interface Batch {
  readonly id: string;
  readonly rows: readonly string[];
}

const batchType = types.object({ id: types.string, rows: types.array(types.string) });

/** What the world sees of a job: the rows of every transaction that was committed, each transaction once however often it is committed. */
export class Committed {
  readonly #batches = new Map<string, Batch>();

  /** All rows, those of one subtask in order. */
  get rows(): readonly string[] {
    return [...this.#batches.values()].flatMap((batch) => batch.rows);
  }

  commit(batch: Batch): void {
    // A copy: the batch itself belongs to the state of the sink.
    if (!this.#batches.has(batch.id)) this.#batches.set(batch.id, { id: batch.id, rows: [...batch.rows] });
  }
}

export interface TransactionalSinkOptions {
  /** Unique among the sinks that share what is committed. */
  readonly name: string;
  readonly delayMs: number;
  render(row: Row, timestamp: number | undefined): string;
}

/** A sink in two phases, in memory. With a delay it takes a row and is busy for so long on the host's clock. */
export function transactionalSink(committed: Committed, options: TransactionalSinkOptions): Sink<Row, never, Batch> {
  const { name, delayMs, render } = options;
  return {
    describe: () => "transactions in memory",
    committableType: batchType,
    createCommitter: (): Committer<Batch> => ({
      commit: (batches) => {
        for (const batch of batches) committed.commit(batch);
      },
    }),
    createWriter(context: SinkWriterContext): SinkWriter<Row, never, Batch> {
      let rows: string[] = [];
      let batchCount = 0;
      let isReady = true;
      return {
        write(row, { timestamp }) {
          rows.push(render(row, timestamp));
          if (delayMs === 0) return;
          isReady = false;
          context.at(context.now() + delayMs, () => {
            isReady = true;
            context.notifyReady();
          });
        },
        isReady: () => isReady,
        flush() {},
        prepareCommit() {
          if (rows.length === 0) return [];
          batchCount += 1;
          const batch = { id: `${name}/${context.attempt}/${context.subtaskIndex}/${batchCount}`, rows };
          rows = [];
          return [batch];
        },
        close() {},
      };
    },
  };
}
