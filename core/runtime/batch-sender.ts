import { ByteWriter } from "../lib/bytes.ts";
import { BatchCursor } from "../data/batch-cursor.ts";
import type { ColumnBatch } from "../data/column-batch.ts";
import { bytesOfKind } from "../data/column-format.ts";
import { dynamicType } from "../data/dynamic-type.ts";
import { ColumnRouter } from "./column-router.ts";
import { BUFFER_BYTES_MAX, BUFFER_COLUMN_ROWS_MAX } from "./buffer-bounds.ts";
import type { Lane } from "./lane.ts";
import type { RecordWriterOptions } from "./record-writer.ts";

/** Records whose size is not known beforehand: a buffer's bytes are counted after so many. */
const UNSIZED_RECORDS_MAX = 256;

/** The part of a record writer that sends batches of columns: each channel gets its records in columns, and every watermark between those that it gets. */
export class BatchSender {
  readonly #options: RecordWriterOptions;
  readonly #lanes: readonly Lane[];
  /** Undefined where no record makes a difference. */
  readonly #router: ColumnRouter | undefined;

  constructor(options: RecordWriterOptions, lanes: readonly Lane[], choose: (record: never) => number) {
    this.#options = options;
    this.#lanes = lanes;
    const { partitioner, maxParallelism } = options;
    const { kind } = partitioner;
    const isOpen = kind !== "forward" && kind !== "global" && kind !== "broadcast";
    this.#router = isOpen ? new ColumnRouter({ partitioner, channelCount: lanes.length, maxParallelism, choose }) : undefined;
  }

  /** @throws what the row path throws for the first record that cannot be sent */
  send(batch: ColumnBatch): void {
    const refused = this.#router?.deal(batch);
    if (refused !== undefined) {
      this.#refuseUnwritable(batch, refused.record);
      this.#refuse(batch, refused.record, refused.cause);
    }
    for (let index = 0; index < this.#lanes.length; index += 1) {
      try {
        this.#add(this.#lanes[index]!, this.#cursorFor(batch, index));
      } catch (cause) {
        this.#refuseUnwritable(batch, batch.length);
        throw cause;
      }
    }
  }

  #cursorFor(batch: ColumnBatch, channel: number): BatchCursor {
    if (this.#router !== undefined && 1 < this.#lanes.length) return new BatchCursor(batch, this.#router.picked(channel));
    const getsAll = channel === 0 || this.#options.partitioner.kind === "broadcast";
    return getsAll ? new BatchCursor(batch) : new BatchCursor(batch, { rows: undefined, from: 0, to: 0 });
  }

  #add(lane: Lane, cursor: BatchCursor): void {
    const { builder } = lane;
    if (0 < cursor.remaining && !builder.takes(cursor.batch)) lane.flush();
    const recordBytes = recordBytesOf(cursor.batch);
    while (!cursor.isDone) {
      const fitting = recordBytes === undefined ? UNSIZED_RECORDS_MAX : Math.ceil((BUFFER_BYTES_MAX - builder.byteLength) / recordBytes);
      builder.addFrom(cursor, Math.min(fitting, BUFFER_COLUMN_ROWS_MAX - builder.rowCount));
      if (lane.isFull) lane.flush();
    }
  }

  /** Looks for the record among the first that a buffer of rows would refuse: the batch knows the column only. */
  #refuseUnwritable(batch: ColumnBatch, end: number): void {
    const scratch = new ByteWriter();
    for (let record = 0; record < end; record += 1) {
      scratch.reset();
      try {
        dynamicType.write(scratch, batch.rowAt(batch.rowOf(record)));
      } catch (cause) {
        this.#refuse(batch, record, cause);
      }
    }
  }

  #refuse(batch: ColumnBatch, record: number, cause: unknown): never {
    const row = batch.rowOf(record);
    throw this.#options.userError(cause, batch.rowAt(row), batch.timestamps[row]!);
  }
}

/** With its timestamp; undefined where strings or objects are part of it. */
function recordBytesOf({ columns }: ColumnBatch): number | undefined {
  let bytes = bytesOfKind("f64");
  for (const { kind } of columns) {
    if (kind === "string" || kind === "object") return undefined;
    bytes += bytesOfKind(kind);
  }
  return bytes;
}
