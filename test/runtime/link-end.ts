import type { Scheduler } from "../../core/host/host.ts";
import { Prng } from "../../core/lib/prng.ts";
import { LinkChannels, type LinkReceiver, type LinkSender } from "../../core/runtime/link-channels.ts";
import type { Link } from "../../core/runtime/link.ts";

/** What both ends of a link do with it. */
export interface LinkPlan {
  readonly seed: number;
  /** Each way. */
  readonly channels: number;
  /** Each channel sends so many. */
  readonly buffers: number;
  readonly bytesMax: number;
  readonly credits: number;
  /** An end takes a buffer in every so manieth of its jobs. */
  readonly jobsPerTake: number;
  /** Jobs of the second end until it listens. */
  readonly jobsUntilListen: number;
  /** The end that closes once it has received so many; without it the first end closes when all is done. */
  readonly closing?: { readonly end: number; readonly received: number };
}

/** What became of it at one end, told after its close. */
export interface EndReport {
  readonly sent: number;
  readonly received: number;
  /** Whatever must not happen. */
  readonly faults: readonly string[];
  readonly closes: number;
  /** The most buffers that waited here or were looked at. */
  readonly heldMax: number;
  /** Buffers whose memory had been used before. */
  readonly reused: number;
}

/** So many jobs the end stays after the close, in which nothing may come. */
const JOBS_AFTER_CLOSE = 5;
const HELD_MAX = 3;

interface Held {
  readonly channel: number;
  readonly index: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** One end: sends what the plan says, and checks what comes against it, as it comes and again before it is released. */
export class LinkEnd {
  readonly #link: Link;
  readonly #scheduler: Scheduler;
  readonly #plan: LinkPlan;
  readonly #end: number;
  readonly #onReport: (report: EndReport) => void;
  readonly #prng: Prng;
  readonly #senders: { readonly channel: number; readonly sender: LinkSender; sent: number }[] = [];
  readonly #receivers: { readonly channel: number; readonly receiver: LinkReceiver; arrived: number; received: number; held: Held | undefined }[] = [];
  readonly #toSend: Held[] = [];
  readonly #faults: string[] = [];
  #isWorking = false;
  #jobs = 0;
  #closes = 0;
  #heldMax = 0;
  #reused = 0;

  constructor(link: Link, scheduler: Scheduler, plan: LinkPlan, end: number, onReport: (report: EndReport) => void) {
    this.#link = link;
    this.#scheduler = scheduler;
    this.#plan = plan;
    this.#end = end;
    this.#onReport = onReport;
    this.#prng = new Prng(plan.seed * 2 + end);
    const channels = new LinkChannels(link);
    for (let index = 0; index < plan.channels; index += 1) {
      const sender = channels.sender(2 * index + end, plan.credits);
      sender.onCredit(() => this.#onNews());
      this.#senders.push({ channel: 2 * index + end, sender, sent: 0 });
      const channel = 2 * index + 1 - end;
      const entry = { channel, receiver: channels.receiver(channel, plan.credits), arrived: 0, received: 0, held: undefined };
      this.#receivers.push(entry);
      entry.receiver.onArrival(() => {
        entry.arrived += 1;
        this.#onNews();
      });
    }
    this.#work();
    this.#after(end === 1 ? plan.jobsUntilListen : 0, () => channels.listen(() => this.#onClose()));
  }

  #after(jobs: number, run: () => void): void {
    if (jobs === 0) run();
    else this.#scheduler.post(() => this.#after(jobs - 1, run));
  }

  #onNews(): void {
    if (this.#closes !== 0) this.#faults.push("something came after the close");
    this.#work();
  }

  #work(): void {
    if (this.#isWorking) return;
    this.#isWorking = true;
    this.#scheduler.post(() => {
      this.#isWorking = false;
      this.#jobs += 1;
      if (this.#closes !== 0) return;
      this.#fill();
      if (HELD_MAX < this.#toSend.length || this.#prng.int(3) === 0 || !this.#canFill) this.#send();
      if (this.#jobs % this.#plan.jobsPerTake === 0) this.#take();
      this.#heldMax = Math.max(this.#heldMax, this.#held);
      if (this.#shouldClose) this.#link.close();
      else if (this.#canFill || 0 < this.#toSend.length || 0 < this.#held) this.#work();
    });
  }

  get #held(): number {
    return this.#receivers.reduce((sum, { arrived, received }) => sum + arrived - received, 0);
  }

  get #canFill(): boolean {
    return this.#senders.some((entry) => this.#mayFill(entry));
  }

  #mayFill({ channel, sender, sent }: { readonly channel: number; readonly sender: LinkSender; readonly sent: number }): boolean {
    return sent < this.#plan.buffers && this.#toSend.filter((held) => held.channel === channel).length < sender.credit;
  }

  get #shouldClose(): boolean {
    const { closing, buffers, credits } = this.#plan;
    if (closing !== undefined) return closing.end === this.#end && closing.received <= this.#received;
    const isDone = this.#receivers.every(({ received }) => received === buffers) && this.#senders.every(({ sent, sender }) => sent === buffers && sender.credit === credits);
    return this.#end === 0 && isDone;
  }

  get #received(): number {
    return this.#receivers.reduce((sum, { received }) => sum + received, 0);
  }

  /** Writes a buffer for some channel, which goes later: memory that was given out twice would be found. */
  #fill(): void {
    const open = this.#senders.filter((entry) => this.#mayFill(entry));
    if (open.length === 0) return;
    const entry = this.#prng.pick(open);
    const { channel, sender } = entry;
    const length = lengthOf(this.#plan, channel, entry.sent);
    const bytes = sender.allocate(length);
    if (bytes.length !== length || bytes.byteOffset % 8 !== 0) this.#faults.push(`${length} bytes were asked for, ${bytes.length} were given at ${bytes.byteOffset}`);
    if (bytes.some((byte) => byte !== 0)) this.#reused += 1;
    writePattern(bytes, channel, entry.sent);
    this.#toSend.push({ channel, index: entry.sent, bytes });
    entry.sent += 1;
  }

  #send(): void {
    const held = this.#toSend.shift();
    if (held === undefined) return;
    this.#check(held, "before it was sent");
    this.#senders.find(({ channel }) => channel === held.channel)!.sender.send(held.bytes);
  }

  /** Releases what it looked at in a job before, and looks at the next buffer of some channel. */
  #take(): void {
    const waiting = this.#receivers.filter(({ arrived, received }) => received < arrived);
    if (waiting.length === 0) return;
    const entry = this.#prng.pick(waiting);
    if (entry.held === undefined) {
      entry.held = { channel: entry.channel, index: entry.received, bytes: entry.receiver.poll()! };
      this.#check(entry.held, "as it came");
      return;
    }
    this.#check(entry.held, "before it was released");
    entry.held = undefined;
    entry.received += 1;
    entry.receiver.release(this.#prng.int(4) !== 0);
  }

  #check({ channel, index, bytes }: Held, when: string): void {
    const expected = lengthOf(this.#plan, channel, index);
    if (bytes.length !== expected) this.#faults.push(`buffer ${index} of channel ${channel} has ${bytes.length} bytes and not ${expected} ${when}`);
    else if (!hasPattern(bytes, channel, index)) this.#faults.push(`buffer ${index} of channel ${channel} is not what was written ${when}`);
  }

  #onClose(): void {
    this.#closes += 1;
    if (this.#closes !== 1) return;
    // Both must do nothing.
    this.#link.send(this.#senders[0]!.channel, this.#link.allocate(10));
    this.#link.grant(this.#receivers[0]!.channel, undefined);
    this.#link.close();
    this.#after(JOBS_AFTER_CLOSE, () => this.#report());
  }

  #report(): void {
    const sent = this.#senders.reduce((sum, entry) => sum + entry.sent, 0);
    this.#onReport({ sent, received: this.#received, faults: this.#faults, closes: this.#closes, heldMax: this.#heldMax, reused: this.#reused });
  }
}

/** Both ends know it. Short ones, empty ones, and some of any length. */
function lengthOf({ seed, bytesMax }: LinkPlan, channel: number, index: number): number {
  const prng = new Prng(seed + 1_000 * channel + index / 4_096);
  const kind = prng.int(10);
  if (kind === 0) return 0;
  return prng.int(kind < 6 ? Math.min(bytesMax, 100) : bytesMax) + 1;
}

function writePattern(bytes: Uint8Array, channel: number, index: number): void {
  for (let position = 0; position < bytes.length; position += 1) bytes[position] = patternAt(channel, index, position);
}

function hasPattern(bytes: Uint8Array, channel: number, index: number): boolean {
  for (let position = 0; position < bytes.length; position += 1) if (bytes[position] !== patternAt(channel, index, position)) return false;
  return true;
}

/** Never zero, so that memory shows that it was used. */
function patternAt(channel: number, index: number, position: number): number {
  return 1 + ((channel * 31 + index * 7 + position * 13 + (position >> 8)) % 255);
}
