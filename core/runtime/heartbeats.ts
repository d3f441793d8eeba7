import type { Cancellable, Host } from "../host/host.ts";

export interface HeartbeatOptions {
  readonly host: Host;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Sends heartbeat number `count`, which the other side sends back. */
  send(count: number): void;
  /** Called once: there was no answer for the timeout. */
  onDead(silentMs: number): void;
}

/**
 * Finds out that the other end of a line does not answer any more, though the line is open: its thread spins, sleeps or is gone without a word.
 *
 * Only time in which this side ran counts. Where a timer comes late, this thread was busy or its machine slept, and answers may lie unread: the wait for an answer begins anew.
 */
export class Heartbeats {
  readonly #options: HeartbeatOptions;
  #timer: Cancellable | undefined;
  #count = 0;
  #silentMs = 0;
  #isStopped = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#beat();
  }

  /** An answer has come; one to an earlier heartbeat shows life just as well. */
  answered(): void {
    this.#silentMs = 0;
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #beat(): void {
    const { host, intervalMs } = this.#options;
    this.#count += 1;
    this.#options.send(this.#count);
    const due = host.clock.now() + intervalMs;
    // Answers that have arrived are jobs ahead of this one.
    this.#timer = host.scheduler.at(due, () => host.scheduler.post(() => this.#judge(host.clock.now() - due)));
  }

  #judge(lateMs: number): void {
    if (this.#isStopped) return;
    const { intervalMs, timeoutMs, onDead } = this.#options;
    this.#silentMs = intervalMs < lateMs ? 0 : this.#silentMs + intervalMs;
    if (timeoutMs <= this.#silentMs) {
      this.stop();
      onDead(this.#silentMs);
    } else this.#beat();
  }
}
