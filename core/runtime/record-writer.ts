import { BufferBuilder } from "../data/channel-buffer.ts";
import { keyId } from "../data/key.ts";
import { JobError } from "../lib/errors.ts";
import { RingBuffer } from "../lib/ring-buffer.ts";
import type { Partitioner } from "../graph/stream-graph.ts";
import type { Output } from "../operators/operator.ts";
import { keyGroupOf, subtaskOf } from "../state/key-groups.ts";
import type { ChannelSender } from "./channel.ts";

/** A buffer is sent when it holds this many rows or bytes, when the buffer timeout has passed, or when its task has nothing else to do. */
export const BUFFER_ROWS_MAX = 1_000;
export const BUFFER_BYTES_MAX = 64 * 1024;

/** Counts the channels of a task that cannot take another buffer; the task takes no record while there is any. */
export interface CreditGauge {
  starvedChannels: number;
}

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

  constructor(options: RecordWriterOptions) {
    this.#options = options;
    this.#lanes = options.channels.map((channel) => new Lane(channel, options.gauge, options.onCredit));
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

  processWatermark(watermark: number): void {
    for (const lane of this.#lanes) {
      lane.builder.addWatermark(watermark);
      // A channel may get watermarks and hardly a record, on a host whose clock stands still.
      if (this.#options.flushEveryRecord || BUFFER_BYTES_MAX <= lane.builder.byteLength) lane.flush();
    }
  }

  processIdleness(idle: boolean): void {
    for (const lane of this.#lanes) lane.builder.addIdle(idle);
    this.flush();
  }

  barrier(checkpointId: number): void {
    for (const lane of this.#lanes) lane.builder.addBarrier(checkpointId);
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
    try {
      lane.builder.addRecord(record, timestamp);
    } catch (cause) {
      throw this.#options.userError(cause, record, timestamp);
    }
    if (this.#options.flushEveryRecord || BUFFER_ROWS_MAX <= lane.builder.rowCount || BUFFER_BYTES_MAX <= lane.builder.byteLength) lane.flush();
  }
}

/** One channel with the buffer being filled and the buffers that found no credit. */
class Lane {
  readonly builder = new BufferBuilder();
  readonly overflow = new RingBuffer<Uint8Array>();
  readonly #channel: ChannelSender;
  readonly #gauge: CreditGauge;
  #starved = false;

  constructor(channel: ChannelSender, gauge: CreditGauge, onCredit: () => void) {
    this.#channel = channel;
    this.#gauge = gauge;
    channel.onCredit(() => {
      this.#drain();
      onCredit();
    });
  }

  flush(): void {
    if (this.builder.isEmpty) return;
    this.overflow.push(this.builder.finish());
    this.#drain();
  }

  get isDrained(): boolean {
    return this.overflow.length === 0 && this.builder.isEmpty;
  }

  #drain(): void {
    while (this.overflow.length > 0 && this.#channel.credit > 0) this.#channel.send(this.overflow.shift()!);
    const starved = this.#channel.credit === 0;
    if (starved !== this.#starved) {
      this.#starved = starved;
      this.#gauge.starvedChannels += starved ? 1 : -1;
    }
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
