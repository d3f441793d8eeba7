import type { Host, Port, Scheduler } from "../host/host.ts";
import { RingBuffer } from "../lib/ring-buffer.ts";
import { BufferPool } from "./buffer-pool.ts";
import type { Link, LinkListener } from "./link.ts";
import { createRing, inUnits, RING_UNIT, RingReader, RingWriter } from "./ring.ts";

/** Of one direction: a few buffers of the usual size, so that each end can work while the other does. */
export const RING_BYTES = 256 * 1024;

/** Frames: two words, `2 × channel + kind` and the length, then so many bytes. */
const BUFFER_FRAME = 0;
const CREDIT_FRAME = 1;

/** Comes with the line by which the ring comes. */
const RING = 0;
/** Says that there is something to look at: bytes, or room for them. */
const DOORBELL = 1;

/**
 * So many looks in a row find nothing before an end sleeps. One takes some 50 ns, a bell a hundred times as long, and the bell waits until its thread ends a turn: where a thread has other
 * work, its ends stay awake; where it has none, they do for as long as the bell would take.
 */
const VAIN_LOOKS_MAX = 64;

interface OutgoingFrame {
  readonly word: number;
  /** Undefined for a credit. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined;
}

interface ComingBuffer {
  readonly channel: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * A link of two rings in shared memory, each made by the end that writes to it and sent first of all, by a line of its own. Beyond that the port carries doorbells,
 * and only to an end that sleeps; it also tells the end of the link. Bytes are copied, so memory never leaves its end.
 *
 * An end that was woken looks again in a job of its own, behind those that wait already, until it has found nothing for a while: under load nobody rings.
 */
export class RingLink implements Link {
  readonly #port: Port;
  readonly #scheduler: Scheduler;
  readonly #pool = new BufferPool();
  readonly #out: RingWriter;
  /** By which the ring went; the other end closes it when it has the ring. */
  readonly #ringLine: Port;
  /** What has not found room, bounded by the credits of the channels; the first frame may have gone in part. */
  readonly #outgoing = new RingBuffer<OutgoingFrame>();
  /** How many bytes of the first outgoing frame have gone, after its words; −1: not even those. */
  #gone = -1;
  #in: RingReader | undefined;
  /** What has come in part. */
  #coming: ComingBuffer | undefined;
  /** How many of its bytes have come. */
  #came = 0;
  #listener: LinkListener | undefined;
  #isAwake = false;
  /** How often in a row nothing had come. */
  #vainLooks = 0;
  #isClosed = false;

  constructor(port: Port, { scheduler, network }: Pick<Host, "scheduler" | "network">, ringBytes: number = RING_BYTES) {
    this.#port = port;
    this.#scheduler = scheduler;
    const memory = createRing(ringBytes);
    this.#out = new RingWriter(memory);
    // Firefox loses shared memory that is sent by an end which has just come from another thread (the message becomes a `messageerror`), and never what is sent by
    // one that was opened here.
    const [own, carried] = network.openLine();
    port.send(RING, { ports: [carried] });
    own.send(memory);
    own.listen(ignore, ignore);
    this.#ringLine = own;
  }

  send(channel: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#pool.takeBack(bytes);
    this.#push({ word: 2 * channel + BUFFER_FRAME, bytes });
  }

  grant(channel: number, used: Uint8Array<ArrayBuffer> | undefined): void {
    if (used !== undefined) this.#pool.keep(this.#pool.takeBack(used));
    this.#push({ word: 2 * channel + CREDIT_FRAME, bytes: undefined });
  }

  allocate(byteLength: number): Uint8Array<ArrayBuffer> {
    return this.#pool.allocate(byteLength);
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    this.#port.listen(
      (_message, [ringLine]) => {
        if (ringLine === undefined) this.#wake();
        else this.#receiveRing(ringLine);
      },
      () => this.#onPortClose(listener),
    );
  }

  close(): void {
    this.#shut();
    this.#port.close();
  }

  #receiveRing(line: Port): void {
    const onRing = (memory: unknown): void => {
      line.close();
      this.#in = new RingReader(memory as SharedArrayBuffer);
      this.#wake();
    };
    line.listen(onRing, ignore);
  }

  #push(frame: OutgoingFrame): void {
    if (this.#isClosed) return;
    this.#outgoing.push(frame);
    // What waits goes first, and as soon as there is room.
    if (this.#outgoing.length === 1) this.#write();
  }

  #write(): void {
    do {
      while (0 < this.#outgoing.length && this.#writeFirst());
      this.#out.publish();
      if (this.#out.takesSleeper()) this.#port.send(DOORBELL);
    } while (0 < this.#outgoing.length && !this.#out.waits());
  }

  /** Returns whether all of the first frame has gone. */
  #writeFirst(): boolean {
    const { word, bytes } = this.#outgoing.peek()!;
    if (this.#gone < 0) {
      if (this.#out.room() === 0) return false;
      this.#out.writeWords(word, bytes === undefined ? 0 : bytes.length);
      this.#gone = 0;
    }
    if (bytes !== undefined) {
      this.#gone += this.#out.writeBytes(bytes, this.#gone);
      if (this.#gone < bytes.length) return false;
      this.#pool.keep(bytes.buffer);
    }
    this.#outgoing.shift();
    this.#gone = -1;
    return true;
  }

  /** The bell may tell of room for what waits, too. */
  #wake(): void {
    if (this.#isClosed) return;
    if (0 < this.#outgoing.length) this.#write();
    if (this.#isAwake || this.#in === undefined) return;
    this.#isAwake = true;
    this.#look();
  }

  readonly #look = (): void => {
    if (this.#isClosed) return;
    const ring = this.#in!;
    this.#vainLooks = this.#read(ring) ? 0 : this.#vainLooks + 1;
    if (this.#vainLooks < VAIN_LOOKS_MAX || !ring.sleeps()) return this.#scheduler.post(this.#look);
    this.#vainLooks = 0;
    this.#isAwake = false;
  };

  /** Takes what has come by now, a ringful at most; returns whether there was anything. */
  #read(ring: RingReader): boolean {
    const available = ring.available();
    for (let left = available; 0 < left && !this.#isClosed; ) left -= this.#readSome(ring, left);
    if (0 < available) {
      ring.free();
      if (ring.takesWaiter()) this.#port.send(DOORBELL);
    }
    return 0 < available;
  }

  /** Takes the words of a frame, or bytes of the one that is coming; returns how much of the ring that was. */
  #readSome(ring: RingReader, available: number): number {
    if (this.#coming === undefined) {
      this.#begin(ring);
      return RING_UNIT;
    }
    const { bytes } = this.#coming;
    const count = Math.min(available, bytes.length - this.#came);
    ring.readBytes(bytes, this.#came, count);
    this.#came += count;
    if (this.#came === bytes.length) this.#deliver(this.#coming);
    return inUnits(count);
  }

  #begin(ring: RingReader): void {
    const word = ring.firstWord();
    const byteLength = ring.secondWord();
    ring.skipWords();
    const channel = word >>> 1;
    if ((word & 1) === CREDIT_FRAME) return this.#listener!.onCredit(channel);
    this.#coming = { channel, bytes: this.#pool.allocate(byteLength) };
    this.#came = 0;
    if (byteLength === 0) this.#deliver(this.#coming);
  }

  #deliver({ channel, bytes }: ComingBuffer): void {
    this.#coming = undefined;
    this.#listener!.onBuffer(channel, bytes);
  }

  #onPortClose(listener: LinkListener): void {
    // What the other end had written before it closed has come, as on a port.
    if (!this.#isClosed && this.#in !== undefined) this.#read(this.#in);
    this.#shut();
    listener.onClose();
  }

  #shut(): void {
    this.#isClosed = true;
    this.#outgoing.clear();
    this.#ringLine.close();
  }
}

function ignore(): void {}
