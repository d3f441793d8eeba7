import { BufferBuilder } from "../data/channel-buffer.ts";
import { RingBuffer } from "../lib/ring-buffer.ts";
import { BUFFER_BYTES_MAX, BUFFER_COLUMN_ROWS_MAX, BUFFER_ROWS_MAX } from "./buffer-bounds.ts";
import type { ChannelSender } from "./channel.ts";

/** Counts the channels of a task that cannot take another buffer; the task takes no record while there is any. */
export interface CreditGauge {
  starvedChannels: number;
}

/** One channel with the buffer being filled and the buffers that found no credit. */
export class Lane {
  readonly builder = new BufferBuilder();
  readonly overflow = new RingBuffer<Uint8Array<ArrayBuffer>>();
  readonly #channel: ChannelSender;
  readonly #gauge: CreditGauge;
  /** Sends each record at once, as far as credit goes. */
  readonly #isEager: boolean;
  #starved = false;

  constructor(channel: ChannelSender, isEager: boolean, gauge: CreditGauge, onCredit: () => void) {
    this.#channel = channel;
    this.#isEager = isEager;
    this.#gauge = gauge;
    channel.onCredit(() => {
      this.#drain();
      this.flushIfDue();
      onCredit();
    });
  }

  get isFull(): boolean {
    const { rowCount, byteLength, hasColumns } = this.builder;
    return (hasColumns ? BUFFER_COLUMN_ROWS_MAX : BUFFER_ROWS_MAX) <= rowCount || BUFFER_BYTES_MAX <= byteLength;
  }

  /** To be called behind each record. An eager lane keeps its last credit for what gathers meanwhile: a receiver who is slower gets larger buffers, and not as many round trips as records. */
  flushIfDue(): void {
    if (this.isFull || (this.#isEager && 1 < this.#channel.credit)) this.flush();
  }

  flush(): void {
    if (this.builder.isEmpty) return;
    this.overflow.push(this.builder.finish((byteLength) => this.#channel.allocate(byteLength)));
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
