import { assert } from "../lib/assert.ts";
import { IndexedHeap, NOT_IN_HEAP } from "../lib/heap.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "./timestamp.ts";

/** Told of what the channels say together. Calls alternate: idleness changes with each `onIdleness`, watermarks only rise. */
export interface WatermarkValveOutput {
  onWatermark(watermark: number): void;
  onIdleness(idle: boolean): void;
}

/** Everything a valve knows, as plain values; index = channel. */
export interface WatermarkValveSnapshot {
  readonly watermarks: readonly number[];
  readonly idle: readonly boolean[];
  readonly aligned: readonly boolean[];
  readonly ended: readonly boolean[];
  readonly outputWatermark: number;
  readonly outputIdle: boolean;
}

/**
 * Where a valve begins whose channels are others than those of the valves before it: what all of them had put out has come from every channel. Channels are active and
 * open, since those who said that they are idle or have ended said it to others: they say it once more.
 */
export function rescaledValve(before: readonly (WatermarkValveSnapshot | undefined)[], channelCount: number): WatermarkValveSnapshot {
  const least = Math.min(...before.map((valve) => valve?.outputWatermark ?? MIN_WATERMARK));
  const outputWatermark = least === MAX_WATERMARK ? MIN_WATERMARK : least;
  const each = <V>(value: V): readonly V[] => Array.from({ length: channelCount }, () => value);
  return { watermarks: each(outputWatermark), idle: each(false), aligned: each(true), ended: each(false), outputWatermark, outputIdle: false };
}

interface Channel {
  heapIndex: number;
  watermark: number;
  idle: boolean;
  /**
   * Whether it takes part in the minimum: it is active and has caught up with the output. The aligned channels are those in the
   * heap.
   */
  aligned: boolean;
  /** Its final watermark has come: it stays idle until those of all channels have. */
  ended: boolean;
}

/**
 * Combines the watermarks and the idleness of n input channels into one, as Flink 2.3's StatusWatermarkValve, but for the final
 * watermark, which counts only when it has come from every channel: a channel that is idle may still deliver.
 *
 * * The output is the minimum over the *aligned* channels. It never falls.
 * * An idle channel leaves the minimum at once; watermarks that it sends nevertheless are ignored, the final one too: a sender
 *   turns active first.
 * * A channel that comes back is active, but not aligned until its watermark has reached the output: what it is behind is late
 *   anyway.
 * * When the last active channel turns idle and its watermark is the output, the largest watermark of all is flushed; then the
 *   output is idle. So aligned channels may turn idle in any order with the same outcome.
 *
 * A watermark costs O(log n), O(1) for a single channel.
 */
export class WatermarkValve {
  readonly #output: WatermarkValveOutput;
  readonly #channels: readonly Channel[];
  readonly #aligned = new IndexedHeap<Channel>(byWatermark);
  #activeCount: number;
  /** Channels whose final watermark has not come. */
  #openCount: number;
  #outputWatermark = MIN_WATERMARK;
  #outputIdle = false;

  constructor(channelCount: number, output: WatermarkValveOutput) {
    assert(1 <= channelCount, "a valve has at least one channel");
    this.#output = output;
    this.#channels = Array.from({ length: channelCount }, () => ({
      heapIndex: NOT_IN_HEAP,
      watermark: MIN_WATERMARK,
      idle: false,
      aligned: false,
      ended: false,
    }));
    this.#activeCount = channelCount;
    this.#openCount = channelCount;
    for (const channel of this.#channels) this.#align(channel);
  }

  get channelCount(): number {
    return this.#channels.length;
  }

  /** The last watermark put out. */
  get watermark(): number {
    return this.#outputWatermark;
  }

  /** Whether all channels are idle. */
  get isIdle(): boolean {
    return this.#outputIdle;
  }

  processWatermark(channelIndex: number, watermark: number): void {
    const channel = this.#channelAt(channelIndex);
    if (channel.idle || watermark <= channel.watermark) return;
    if (watermark === MAX_WATERMARK) return this.#end(channel);

    if (this.#channels.length === 1) {
      // The only channel is aligned whenever it is active: its watermark is the output.
      channel.watermark = watermark;
      this.#emitIfAdvanced(watermark);
      return;
    }
    const moves = channel.aligned;
    if (moves) this.#aligned.remove(channel);
    channel.watermark = watermark;
    if (moves) this.#aligned.push(channel);
    else if (this.#outputWatermark <= watermark) this.#align(channel);
    this.#emitMinimum();
  }

  processIdleness(channelIndex: number, idle: boolean): void {
    const channel = this.#channelAt(channelIndex);
    if (!channel.ended) this.#setIdle(channel, idle);
  }

  snapshot(): WatermarkValveSnapshot {
    return {
      watermarks: this.#channels.map((channel) => channel.watermark),
      idle: this.#channels.map((channel) => channel.idle),
      aligned: this.#channels.map((channel) => channel.aligned),
      ended: this.#channels.map((channel) => channel.ended),
      outputWatermark: this.#outputWatermark,
      outputIdle: this.#outputIdle,
    };
  }

  /** Goes on where a valve with as many channels stopped; emits nothing. */
  restore(snapshot: WatermarkValveSnapshot): void {
    assert(snapshot.watermarks.length === this.#channels.length, "a valve is restored with as many channels as it had");
    this.#aligned.clear();
    this.#activeCount = 0;
    this.#openCount = 0;
    for (const [index, channel] of this.#channels.entries()) {
      channel.watermark = snapshot.watermarks[index]!;
      channel.idle = snapshot.idle[index]!;
      channel.aligned = false;
      channel.ended = snapshot.ended[index]!;
      if (!channel.idle) this.#activeCount += 1;
      if (!channel.ended) this.#openCount += 1;
      if (snapshot.aligned[index]!) this.#align(channel);
      assert(!(channel.idle && channel.aligned), "an idle channel is not aligned");
    }
    this.#outputWatermark = snapshot.outputWatermark;
    this.#outputIdle = snapshot.outputIdle;
    assert(this.#outputIdle === (this.#activeCount === 0), "a valve is idle when all of its channels are");
  }

  /** A channel that has ended leaves the minimum to the others, as if it were idle; with the last of them the final watermark goes out. */
  #end(channel: Channel): void {
    channel.ended = true;
    this.#openCount -= 1;
    if (0 < this.#openCount) return this.#setIdle(channel, true);
    for (const ended of this.#channels) {
      ended.watermark = MAX_WATERMARK;
      this.#setIdle(ended, false);
    }
    this.#emitIfAdvanced(MAX_WATERMARK);
  }

  #setIdle(channel: Channel, idle: boolean): void {
    if (channel.idle === idle) return;
    channel.idle = idle;
    if (idle) this.#turnedIdle(channel);
    else this.#turnedActive(channel);
  }

  #turnedIdle(channel: Channel): void {
    this.#activeCount -= 1;
    if (channel.aligned) {
      channel.aligned = false;
      this.#aligned.remove(channel);
    }
    const heldTheOutput = channel.watermark === this.#outputWatermark;
    if (0 < this.#activeCount) {
      if (heldTheOutput) this.#emitMinimum();
      return;
    }
    if (heldTheOutput) this.#emitIfAdvanced(this.#maximum());
    this.#outputIdle = true;
    this.#output.onIdleness(true);
  }

  #turnedActive(channel: Channel): void {
    this.#activeCount += 1;
    if (this.#outputWatermark <= channel.watermark) this.#align(channel);
    if (!this.#outputIdle) return;
    this.#outputIdle = false;
    this.#output.onIdleness(false);
  }

  #align(channel: Channel): void {
    channel.aligned = true;
    this.#aligned.push(channel);
  }

  #emitMinimum(): void {
    const slowest = this.#aligned.peek();
    if (slowest !== undefined) this.#emitIfAdvanced(slowest.watermark);
  }

  #emitIfAdvanced(watermark: number): void {
    if (watermark <= this.#outputWatermark) return;
    this.#outputWatermark = watermark;
    this.#output.onWatermark(watermark);
  }

  #maximum(): number {
    return this.#channels.reduce((maximum, channel) => Math.max(maximum, channel.watermark), MIN_WATERMARK);
  }

  #channelAt(index: number): Channel {
    const channel = this.#channels[index];
    assert(channel !== undefined, "a valve is given watermarks of its own channels only");
    return channel;
  }
}

/** Not by subtraction: ∞ − ∞ is NaN. */
function byWatermark(a: Channel, b: Channel): number {
  return a.watermark < b.watermark ? -1 : b.watermark < a.watermark ? 1 : 0;
}
