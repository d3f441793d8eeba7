import { BARRIER, BufferReader, ACTIVE, DONE, END_OF_INPUT, IDLE, RECORD, WATERMARK } from "../data/channel-buffer.ts";
import { type Barrier, SNAPSHOT_KINDS } from "../checkpoint/barrier.ts";
import { BarrierAlignment, type Barriers } from "../checkpoint/barrier-alignment.ts";
import { BarrierTracking } from "../checkpoint/barrier-tracking.ts";
import { corrupt } from "../lib/errors.ts";
import type { Output } from "../operators/operator.ts";
import type { WatermarkValveSnapshot } from "../time/watermark-valve.ts";
import type { ChannelReceiver } from "./channel.ts";
import { MergedInput } from "./merged-input.ts";

/** What the gate asks of its task between two elements. */
export interface GateTask {
  /** Whether one more element may be taken; counts it against the turn's budget. */
  mayTake(): boolean;
  /** A batch was one element when it was asked for; counts the rest of its records. */
  countFurther(records: number): void;
  /** All barriers of a checkpoint have come; channels have waited so long for the last one. */
  onAligned(barrier: Barrier, alignmentMs: number): void;
  now(): number;
}

export interface GateChannel {
  readonly receiver: ChannelReceiver;
  /** Which input of the operator it feeds. */
  readonly input: number;
}

interface OpenChannel extends GateChannel {
  readonly index: number;
  /** Index within the valve of its input. */
  readonly valveIndex: number;
  /** Made with the first buffer and kept: it remembers the strings it has read. */
  reader: BufferReader | undefined;
  /** Whether the reader stands in a buffer. */
  isLoaded: boolean;
  /** Whether nobody keeps memory of that buffer: only batches of columns are views of it. */
  isFree: boolean;
}

/** All inputs of a subtask: reads channels buffer by buffer, merges watermarks and idleness per input, and aligns barriers over all channels. */
export class InputGate {
  readonly #channels: readonly OpenChannel[];
  readonly #inputs: readonly MergedInput[];
  readonly #alignment: Barriers;
  /** When the first barrier came of those that are being aligned. */
  #alignmentBegan = 0;
  readonly #task: GateTask;
  #openChannels: number;
  #next = 0;

  /** @param aligns whether a channel waits behind its barrier until those of all others have come */
  constructor(channels: readonly GateChannel[], inputs: readonly Output<never>[], task: GateTask, { aligns, onArrival }: { readonly aligns: boolean; onArrival(): void }) {
    const counts = inputs.map(() => 0);
    this.#channels = channels.map(({ receiver, input }, index) => {
      receiver.onArrival(onArrival);
      const valveIndex = counts[input]!;
      counts[input] = valveIndex + 1;
      return { receiver, input, index, valveIndex, reader: undefined, isLoaded: false, isFree: true };
    });
    this.#inputs = inputs.map((output, input) => new MergedInput(output as Output<unknown>, counts[input]!));
    this.#alignment = aligns ? new BarrierAlignment(channels.length) : new BarrierTracking(channels.length);
    this.#task = task;
    this.#openChannels = channels.length;
  }

  get allEnded(): boolean {
    return this.#openChannels === 0;
  }

  /** Whether some channel waits for barriers of others; for tests and metrics. */
  get isAligning(): boolean {
    return this.#alignment.isAligning;
  }

  /** Takes elements while the task lets it. Returns false where no channel has anything to take. */
  take(): boolean {
    const count = this.#channels.length;
    let looked = 0;
    while (looked < count) {
      const channel = this.#channels[this.#next]!;
      if (this.#alignment.isBlocked(channel.index) || !this.#load(channel)) {
        this.#advance();
        looked += 1;
        continue;
      }
      if (!this.#takeFrom(channel)) return true;
      looked = 0;
    }
    return false;
  }

  /**
   * Takes barriers that are next in their channels. While suspended work keeps records waiting, a checkpoint need not wait for the end of a long firing; and
   * barriers are all that still comes to a finished subtask.
   */
  takeBarriers(): void {
    // A barrier that completes an alignment opens its channels, where the barrier of a later checkpoint may be next.
    for (let taken = true; taken; ) {
      taken = false;
      for (const channel of this.#channels) if (this.#takeBarrierOf(channel)) taken = true;
    }
  }

  abort(checkpointId: number): void {
    this.#alignment.abort(checkpointId);
  }

  snapshot(): readonly WatermarkValveSnapshot[] {
    return this.#inputs.map(({ valve }) => valve.snapshot());
  }

  /** Whether the snapshot is one of as many inputs and channels; else nothing is restored. */
  restore(valves: readonly WatermarkValveSnapshot[]): boolean {
    const fits = valves.length === this.#inputs.length && valves.every(({ watermarks }, input) => watermarks.length === this.#inputs[input]!.valve.channelCount);
    if (fits) valves.forEach((snapshot, input) => this.#inputs[input]!.valve.restore(snapshot));
    return fits;
  }

  /** Takes from one buffer until it is used up, its channel blocks (true: go on with another channel), or the task stops it (false). */
  #takeFrom(channel: OpenChannel): boolean {
    const reader = channel.reader!;
    const input = this.#inputs[channel.input]!;
    const { output, valve } = input;
    const inColumns = input.takesColumns && reader.hasColumns;
    while (this.#task.mayTake()) {
      if (inColumns && this.#takeBatch(channel, input)) continue;
      switch (reader.next()) {
        case RECORD:
          output.processRecord(reader.value, reader.timestamp);
          break;
        case WATERMARK:
          valve.processWatermark(channel.valveIndex, reader.watermark);
          break;
        case BARRIER:
          this.#onBarrier(channel, reader);
          this.#releaseIfDone(channel);
          this.#advance();
          return true;
        case IDLE:
        case ACTIVE:
          valve.processIdleness(channel.valveIndex, reader.kind === IDLE);
          break;
        case END_OF_INPUT:
          this.#openChannels -= 1;
          break;
        case DONE:
          this.#release(channel);
          this.#advance();
          return true;
      }
    }
    return false;
  }

  /** Takes what lies before the next barrier or change of idleness at once; returns whether there was anything. */
  #takeBatch(channel: OpenChannel, input: MergedInput): boolean {
    const batch = channel.reader!.takeBatch();
    if (batch === undefined) return false;
    this.#task.countFurther(Math.max(0, batch.length - 1));
    if (!input.processColumns(channel.valveIndex, batch)) channel.isFree = false;
    return true;
  }

  /** Takes what may be taken without a record; returns whether there was anything. */
  #takeBarrierOf(channel: OpenChannel): boolean {
    if (this.#alignment.isBlocked(channel.index) || !this.#load(channel)) return false;
    const reader = channel.reader!;
    switch (reader.peek()) {
      case DONE:
        break;
      case END_OF_INPUT:
        // It is only noted, so a barrier behind it is as good as next.
        reader.next();
        this.#openChannels -= 1;
        break;
      case BARRIER:
        reader.next();
        this.#onBarrier(channel, reader);
        break;
      default:
        return false;
    }
    this.#releaseIfDone(channel);
    return true;
  }

  #onBarrier(channel: OpenChannel, { checkpointId, purpose }: BufferReader): void {
    const kind = SNAPSHOT_KINDS[purpose];
    if (kind === undefined) throw corrupt(`${purpose} is no kind of snapshot`);
    const wasAligning = this.#alignment.isAligning;
    const isLast = this.#alignment.onBarrier(channel.index, checkpointId);
    if (!wasAligning && this.#alignment.isAligning) this.#alignmentBegan = this.#task.now();
    if (isLast) this.#task.onAligned({ checkpointId, kind }, wasAligning ? this.#task.now() - this.#alignmentBegan : 0);
  }

  /** Makes sure that the channel has a buffer to read from. */
  #load(channel: OpenChannel): boolean {
    if (channel.isLoaded) return true;
    const bytes = channel.receiver.poll();
    if (bytes === undefined) return false;
    if (channel.reader === undefined) channel.reader = new BufferReader(bytes);
    else channel.reader.reset(bytes);
    channel.isLoaded = true;
    channel.isFree = true;
    return true;
  }

  #releaseIfDone(channel: OpenChannel): void {
    if (channel.reader!.peek() === DONE) this.#release(channel);
  }

  #release(channel: OpenChannel): void {
    channel.isLoaded = false;
    channel.receiver.release(channel.isFree);
  }

  #advance(): void {
    this.#next = this.#next + 1 === this.#channels.length ? 0 : this.#next + 1;
  }
}
