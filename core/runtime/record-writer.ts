import { type Barrier, SNAPSHOT_KINDS } from "../checkpoint/barrier.ts";
import type { ColumnBatch } from "../data/column-batch.ts";
import { keyId } from "../data/key.ts";
import { JobError } from "../lib/errors.ts";
import type { Partitioner } from "../graph/stream-graph.ts";
import type { Output } from "../operators/operator.ts";
import { keyGroupOf, subtaskOf } from "../state/key-groups.ts";
import { BatchSender } from "./batch-sender.ts";
import type { ChannelSender } from "./channel.ts";
import { type CreditGauge, Lane } from "./lane.ts";

export interface RecordWriterOptions {
  readonly partitioner: Partitioner;
  readonly channels: readonly ChannelSender[];
  readonly maxParallelism: number;
  /** Index of the sending subtask: where round-robin starts. */
  readonly subtask: number;
  readonly flushEveryRecord: boolean;
  readonly gauge: CreditGauge;
  readonly random: () => number;
  /** Names the sending operator in what a key selector or the codec throws. */
  readonly userError: (cause: unknown, record: unknown, timestamp: number) => JobError;
  /** Called when credit has come back, so that the task goes on. */
  readonly onCredit: () => void;
}

/** Sends the records of one operator subtask over one edge: chooses a channel for each record, and everything else goes to all channels. */
export class RecordWriter implements Output<unknown> {
  readonly #lanes: readonly Lane[];
  readonly #options: RecordWriterOptions;
  readonly #choose: (record: never) => number;
  /** Made with the first batch of columns. */
  #batches: BatchSender | undefined;

  constructor(options: RecordWriterOptions) {
    this.#options = options;
    this.#lanes = options.channels.map((channel) => new Lane(channel, options.flushEveryRecord, options.gauge, options.onCredit));
    this.#choose = chooser(options);
  }

  processRecord(record: unknown, timestamp: number): void {
    if (this.#options.partitioner.kind === "broadcast") {
      for (const lane of this.#lanes) this.#add(lane, record, timestamp);
      return;
    }
    let index: number;
    try {
      index = this.#choose(record as never);
    } catch (cause) {
      throw this.#options.userError(cause, record, timestamp);
    }
    this.#add(this.#lanes[index]!, record, timestamp);
  }

  /** Columns stay columns, whatever chooses the channel: rows that a key selector needs are cheaper to make than to encode. */
  processColumns(batch: ColumnBatch): boolean {
    this.#batches ??= new BatchSender(this.#options, this.#lanes, this.#choose);
    this.#batches.send(batch);
    if (this.#options.flushEveryRecord) this.flush();
    // Buffers hold copies.
    return true;
  }

  processWatermark(watermark: number): void {
    for (const lane of this.#lanes) {
      lane.builder.addWatermark(watermark);
      // A channel may get watermarks and hardly a record, on a host whose clock stands still.
      lane.flushIfDue();
    }
  }

  processIdleness(idle: boolean): void {
    for (const lane of this.#lanes) lane.builder.addIdle(idle);
    this.flush();
  }

  barrier({ checkpointId, kind }: Barrier): void {
    for (const lane of this.#lanes) lane.builder.addBarrier(checkpointId, SNAPSHOT_KINDS.indexOf(kind));
    this.flush();
  }

  endOfInput(): void {
    for (const lane of this.#lanes) lane.builder.addEndOfInput();
    this.flush();
  }

  /** Sends what partly filled buffers hold; without credit it waits in the overflow list. */
  flush(): void {
    for (const lane of this.#lanes) lane.flush();
  }

  /** Whether every buffer has left; a task is finished only then. */
  get isDrained(): boolean {
    return this.#lanes.every((lane) => lane.isDrained);
  }

  /** Buffers that wait without credit: the overshoot of single calls. */
  get overflowBuffers(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.overflow.length, 0);
  }

  #add(lane: Lane, record: unknown, timestamp: number): void {
    if (lane.builder.hasColumns) lane.flush();
    try {
      lane.builder.addRecord(record, timestamp);
    } catch (cause) {
      throw this.#options.userError(cause, record, timestamp);
    }
    lane.flushIfDue();
  }
}

function chooser(options: RecordWriterOptions): (record: never) => number {
  const { partitioner, channels, maxParallelism, subtask, random } = options;
  const count = channels.length;
  switch (partitioner.kind) {
    case "hash": {
      const { keyOf } = partitioner;
      return (record) => subtaskOf(keyGroupOf(keyId(keyOf(record)), maxParallelism), count, maxParallelism);
    }
    case "custom":
      return (record) => checkedIndex(partitioner.partition(partitioner.keyOf(record) as never, count), count);
    case "shuffle":
      return () => Math.floor(random() * count);
    case "rebalance":
    case "rescale": {
      let next = subtask % count;
      return () => {
        const index = next;
        next = index + 1 === count ? 0 : index + 1;
        return index;
      };
    }
    default:
      // Forward has one channel; global sends all to the first; broadcast does not choose.
      return () => 0;
  }
}

function checkedIndex(index: number, count: number): number {
  if (Number.isInteger(index) && 0 <= index && index < count) return index;
  throw new JobError("INVALID_ARGUMENT", `the partitioner chose subtask ${index}; it must return an integer from 0 to ${count - 1}`);
}
