import { assert } from "../lib/assert.ts";
import { BufferQueue } from "./buffer-queue.ts";
import { CHANNEL_CREDITS, type ChannelReceiver, type ChannelSender } from "./channel.ts";
import type { Link } from "./link.ts";

/** The channels that share a link, by number. Each has its sender at one end and its receiver at the other, made with equal credits. */
export class LinkChannels {
  readonly #link: Link;
  readonly #senders = new Map<number, LinkSender>();
  readonly #receivers = new Map<number, LinkReceiver>();

  constructor(link: Link) {
    this.#link = link;
  }

  sender(channel: number, credits: number = CHANNEL_CREDITS): LinkSender {
    assert(!this.#senders.has(channel), "a channel has one sender");
    const sender = new LinkSender(this.#link, channel, credits);
    this.#senders.set(channel, sender);
    return sender;
  }

  receiver(channel: number, credits: number = CHANNEL_CREDITS): LinkReceiver {
    assert(!this.#receivers.has(channel), "a channel has one receiver");
    const receiver = new LinkReceiver(this.#link, channel, credits);
    this.#receivers.set(channel, receiver);
    return receiver;
  }

  /** Once the channels are made: until then the link holds what comes for them. */
  listen(onClose: () => void): void {
    this.#link.listen({
      onBuffer: (channel, bytes) => known(this.#receivers, channel).receive(bytes),
      onCredit: (channel) => known(this.#senders, channel).credited(),
      onClose,
    });
  }
}

export class LinkSender implements ChannelSender {
  readonly #link: Link;
  readonly #channel: number;
  readonly #credits: number;
  #credit: number;
  #onCredit: () => void = ignore;

  constructor(link: Link, channel: number, credits: number) {
    this.#link = link;
    this.#channel = channel;
    this.#credits = credits;
    this.#credit = credits;
  }

  get credit(): number {
    return this.#credit;
  }

  allocate(byteLength: number): Uint8Array<ArrayBuffer> {
    return this.#link.allocate(byteLength);
  }

  send(buffer: Uint8Array<ArrayBuffer>): void {
    assert(0 < this.#credit, "a buffer is sent only with credit");
    this.#credit -= 1;
    this.#link.send(this.#channel, buffer);
  }

  onCredit(listener: () => void): void {
    this.#onCredit = listener;
  }

  /** The link has brought one back. */
  credited(): void {
    this.#credit += 1;
    assert(this.#credit <= this.#credits, "no more credits come back than were spent");
    this.#onCredit();
  }
}

export class LinkReceiver implements ChannelReceiver {
  readonly #link: Link;
  readonly #channel: number;
  readonly #credits: number;
  readonly #queue = new BufferQueue();
  #onArrival: () => void = ignore;

  constructor(link: Link, channel: number, credits: number) {
    this.#link = link;
    this.#channel = channel;
    this.#credits = credits;
  }

  poll(): Uint8Array<ArrayBuffer> | undefined {
    return this.#queue.poll();
  }

  release(isFree: boolean): void {
    const polled = this.#queue.release();
    this.#link.grant(this.#channel, isFree ? polled : undefined);
  }

  onArrival(listener: () => void): void {
    this.#onArrival = listener;
  }

  /** The link has brought a buffer. */
  receive(bytes: Uint8Array<ArrayBuffer>): void {
    this.#queue.push(bytes);
    assert(this.#queue.length <= this.#credits, "no more buffers come than there were credits for");
    this.#onArrival();
  }
}

function known<C>(channels: ReadonlyMap<number, C>, channel: number): C {
  const found = channels.get(channel);
  assert(found !== undefined, "both ends of a link make the same channels before they listen");
  return found;
}

function ignore(): void {}
