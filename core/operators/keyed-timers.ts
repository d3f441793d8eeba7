import { types } from "../data/type.ts";
import type { TimeDomain, TimerService } from "../functions/stream-functions.ts";
import type { Cancellable } from "../host/host.ts";
import { assert } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { KeyCursor } from "../state/bound-state.ts";
import { NO_NAMESPACE } from "../state/keyed-state.ts";
import type { OperatorValue } from "../state/operator-state.ts";
import type { TimerCall, Timers } from "../time/timers.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../time/timestamp.ts";
import type { OperatorContext, SuspendedWork } from "./operator.ts";

/** Whose timers these are; the key of the timer is the one at hand when it is called. */
export interface TimerTarget {
  onTimer(time: number, domain: TimeDomain): void;
  /** BATCH: the timers of the key have fired. */
  onKeyEnd(): void;
}

/** Why timers are firing: the watermark advanced, the clock did, the input has ended, or (BATCH) the records of a key have. */
type Firing = "watermark" | "clock" | "end-of-input" | "end-of-key";

const ALWAYS = Infinity;

/**
 * The timers of a keyed process function, as its TimerService and as what fires them.
 *
 * As in Flink, a timer is set for the key at hand; a watermark fires event-time timers up to and including itself, in order of time, before it goes on; a timer
 * set at or before the current watermark fires with the next watermark that advances. Firing stops where the outputs have no credit and goes on later.
 */
export class KeyedTimers implements TimerService {
  readonly #context: OperatorContext;
  readonly #timers: Timers;
  readonly #cursor: KeyCursor;
  readonly #target: TimerTarget;
  /** The watermark that was taken, and the one that went on: they differ only while timers fire in between, in a snapshot too. */
  readonly #taken: OperatorValue<number>;
  readonly #forwarded: OperatorValue<number>;
  #watermark: number;
  #firing: Firing | undefined;
  /** Up to where processing-time timers are firing. */
  #clockTime = MIN_WATERMARK;
  /** When the clock is going to call. */
  #wakeTime = Infinity;
  #wakeCall: Cancellable | undefined;
  /** Idleness that came right behind the watermark that is firing. */
  #idleBehind: boolean | undefined;
  #ended = false;

  readonly #work: SuspendedWork = { snapshotable: true, resume: () => this.#goOn() };
  readonly #mayContinue: () => boolean;
  readonly #onEventTimer: TimerCall;
  readonly #onClockTimer: TimerCall;

  constructor(context: OperatorContext, cursor: KeyCursor, target: TimerTarget) {
    this.#context = context;
    this.#timers = context.timers;
    this.#cursor = cursor;
    this.#target = target;
    this.#taken = context.operatorState.value("watermark", types.number, MIN_WATERMARK, "min");
    this.#forwarded = context.operatorState.value("watermark-forwarded", types.number, MIN_WATERMARK, "min");
    this.#watermark = this.#taken.get();
    context.metrics.currentWatermark = this.#watermark;
    this.#mayContinue = () => context.mayContinue();
    this.#onEventTimer = (time, key) => {
      cursor.key = key;
      target.onTimer(time, "EVENT_TIME");
    };
    this.#onClockTimer = (time, key) => {
      cursor.key = key;
      target.onTimer(time, "PROCESSING_TIME");
    };
  }

  /** After a restore in mid-firing, what is left fires before anything else. `isIdle`: the inputs together were idle when the snapshot was taken. */
  open(isIdle: boolean): void {
    if (this.#forwarded.get() < this.#watermark) {
      this.#firing = "watermark";
      if (isIdle) this.#idleBehind = true;
      this.#context.suspend(this.#work);
    }
    this.#wakeForNext();
  }

  processWatermark(watermark: number): void {
    // The final one is passed on as often as it comes: behind a restored operator others may stand than those that it had told.
    if (watermark <= this.#watermark && watermark !== MAX_WATERMARK) return;
    assert(this.#firing === undefined, "an operator gets no watermark while its timers fire");
    this.#watermark = watermark;
    this.#taken.set(watermark);
    this.#context.metrics.currentWatermark = watermark;
    this.#fire("watermark");
  }

  processIdleness(idle: boolean): void {
    if (this.#firing === undefined) this.#context.output.processIdleness(idle);
    else this.#idleBehind = idle;
  }

  /** The input has ended: in STREAMING, what is pending in processing time fires now. Timers set meanwhile never fire: one that sets itself again would go on for ever. */
  finish(): void {
    this.#ended = true;
    this.#wakeCall?.cancel();
    if (this.#context.mode === "BATCH" || this.#context.endOfInputTimers === "drop") return;
    this.#clockTime = ALWAYS;
    this.#fire("end-of-input");
  }

  /** BATCH: fires all timers of the key, those of event time first. As in Flink, timers set meanwhile are dropped. */
  endKey(): void {
    this.#clockTime = ALWAYS;
    this.#fire("end-of-key");
  }

  close(): void {
    this.#wakeCall?.cancel();
  }

  currentProcessingTime(): number {
    return this.#context.processingTime.now();
  }

  currentWatermark(): number {
    return this.#firing === "end-of-key" ? MAX_WATERMARK : this.#watermark;
  }

  registerEventTimeTimer(time: number): void {
    checkTime(time);
    if (this.#dropsEventTimers()) return;
    this.#timers.registerEventTime(this.#cursor.key, NO_NAMESPACE, time + 0);
  }

  registerProcessingTimeTimer(time: number): void {
    checkTime(time);
    if (this.#ended || this.#firing === "end-of-key") return;
    this.#timers.registerProcessingTime(this.#cursor.key, NO_NAMESPACE, time + 0);
    if (time < this.#wakeTime) this.#wakeForNext();
  }

  deleteEventTimeTimer(time: number): void {
    checkTime(time);
    this.#timers.deleteEventTime(this.#cursor.key, NO_NAMESPACE, time + 0);
  }

  deleteProcessingTimeTimer(time: number): void {
    checkTime(time);
    this.#timers.deleteProcessingTime(this.#cursor.key, NO_NAMESPACE, time + 0);
  }

  /** Behind the final watermark none comes that could fire them. */
  #dropsEventTimers(): boolean {
    return this.#firing === "end-of-key" || (this.#watermark === MAX_WATERMARK && this.#firing !== "watermark");
  }

  #onClock(time: number): void {
    this.#wakeTime = Infinity;
    // What fires now wakes again when it is done.
    if (this.#firing !== undefined) return;
    this.#clockTime = time;
    this.#fire("clock");
  }

  #fire(firing: Firing): void {
    this.#firing = firing;
    if (!this.#goOn()) this.#context.suspend(this.#work);
  }

  #goOn(): boolean {
    const firing = this.#firing;
    assert(firing !== undefined, "only timers that were stopped go on");
    if (!this.#fireDue(firing)) return false;
    if (firing === "end-of-key") this.#target.onKeyEnd();
    this.#firing = undefined;
    if (firing === "watermark") this.#forwardWatermark();
    this.#wakeForNext();
    return true;
  }

  #fireDue(firing: Firing): boolean {
    if (firing === "watermark") return this.#timers.fireEventTime(this.#watermark, this.#onEventTimer, this.#mayContinue);
    if (firing === "end-of-key" && !this.#timers.fireEventTime(MAX_WATERMARK, this.#onEventTimer, this.#mayContinue)) return false;
    return this.#timers.fireProcessingTime(this.#clockTime, this.#onClockTimer, this.#mayContinue);
  }

  #forwardWatermark(): void {
    this.#forwarded.set(this.#watermark);
    this.#context.output.processWatermark(this.#watermark);
    if (this.#idleBehind === undefined) return;
    const idle = this.#idleBehind;
    this.#idleBehind = undefined;
    this.#context.output.processIdleness(idle);
  }

  #wakeForNext(): void {
    const next = this.#timers.nextProcessingTime();
    if (this.#ended || this.#context.mode === "BATCH" || this.#wakeTime <= next) return;
    this.#wakeTime = next;
    this.#wakeCall = this.#context.processingTime.at(next, (time) => this.#onClock(time));
  }
}

function checkTime(time: number): void {
  if (typeof time === "number" && !Number.isNaN(time)) return;
  throw new JobError(
    "INVALID_TIMESTAMP",
    `a timer needs a time in ms, but got ${show(time)}; context.timestamp() is undefined where the record has no timestamp`,
  );
}
