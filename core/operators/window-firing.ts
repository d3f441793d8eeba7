import { types } from "../data/type.ts";
import type { KeyId } from "../data/key.ts";
import { type KeyGroupRange, keyGroupRange } from "../state/key-groups.ts";
import type { OperatorListState, OperatorValue } from "../state/operator-state.ts";
import { FiredGroups, type FiredRange, firedWithin } from "../windows/fired-groups.ts";
import type { MergingTime } from "../windows/merging-panes.ts";
import type { Panes } from "../windows/panes.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../time/timestamp.ts";
import type { OperatorContext, SuspendedWork } from "./operator.ts";

export interface WindowFiringOptions {
  /** Whether the clock fires; otherwise the watermark does. */
  readonly byClock: boolean;
  /** Whether windows can be too late. */
  readonly isEventTime: boolean;
  /** The earliest time at which anything may be due. */
  nextDeadline(): number;
  /** Fires what is due at `time`, and drops what is after that; false where `mayContinue` has stopped it. */
  fireDue(time: number, mayContinue: () => boolean): boolean;
  /** Goes on with what stood behind a firing that was stopped; false where that is stopped too. */
  goOn?(): boolean;
  /** Whether what stands behind it can be stored; otherwise snapshots wait for it. */
  isStorable?(): boolean;
}

const ALWAYS = (): boolean => true;
const firedRangeType = /* @__PURE__ */ types.object({ first: types.int, last: types.int, until: types.number });

/**
 * When the windows of an operator fire: the watermark, or the clock, fires what is due, in turns, and the watermark is forwarded after the last of them. All of
 * it is part of snapshots, so that what was stopped goes on after a restore.
 */
export class WindowFiring implements MergingTime {
  readonly #options: WindowFiringOptions;
  readonly #context: OperatorContext;
  readonly #storedWatermark: OperatorValue<number>;
  readonly #storedForwarded: OperatorValue<number>;
  readonly #storedFired: OperatorListState<FiredRange>;
  readonly #keyGroups: KeyGroupRange;

  /** The last watermark that was taken. */
  watermark = MIN_WATERMARK;
  /**
   * Windows up to here fire again when they get a record; none where the clock fires. It has no value until the constructor gives it one: V8 then keeps a
   * reference to a number, which goes with each record as it is. Of a field that begins as a number it would make 16 bytes for each.
   */
  firedUntil: number;
  /** Windows that take no record up to here are too late; −∞ where none is. */
  lateUntil = -Infinity;
  /** A window that is due after this has fired for no key: the watermark, but while some key groups have got further. */
  sureFrom = MIN_WATERMARK;
  /** Key groups that had got further than others when they were restored, until the rest has. */
  #further: FiredGroups | undefined;
  /** Whether some of them may have stopped in the middle of firing. */
  #mayHaveStopped = false;
  /** The last watermark that was forwarded; behind `watermark` only while firing is suspended. */
  #forwarded = MIN_WATERMARK;
  /**
   * While windows fire by the clock, up to which time. Otherwise −∞: what has fired then is dropped, so whatever panes there are
   * have yet to fire.
   */
  #clockFiringUntil = -Infinity;
  /** When the clock is to call. */
  #wakeAt = Infinity;

  constructor(options: WindowFiringOptions, context: OperatorContext) {
    this.#options = options;
    this.#context = context;
    this.firedUntil = -Infinity;
    this.#work = {
      get snapshotable() {
        return options.isStorable?.() !== false;
      },
      resume: () => this.#fire() && options.goOn?.() !== false,
    };
    const { operatorState } = context;
    this.#storedWatermark = operatorState.value("watermark", types.number, MIN_WATERMARK, "min");
    this.#storedForwarded = operatorState.value("forwarded-watermark", types.number, MIN_WATERMARK, "min");
    this.#storedFired = operatorState.list("fired", firedRangeType, "union");
    const { index, parallelism, maxParallelism } = context.subtask;
    this.#keyGroups = keyGroupRange(index, parallelism, maxParallelism);
  }

  /** Takes back what was stored, and schedules the restored panes by the times up to which they had fired. */
  restore(panes: Pick<Panes<never, never>, "resumeFrom">): void {
    const { byClock } = this.#options;
    const fired = new FiredGroups(firedWithin(this.#storedFired.get(), this.#keyGroups, -Infinity), this.#context.subtask.maxParallelism);
    if (fired.least < fired.most) {
      this.#further = fired;
      this.#mayHaveStopped = true;
    }
    this.#takeWatermark(byClock ? this.#storedWatermark.get() : fired.least);
    this.#forwarded = this.#storedForwarded.get();
    // Time is everywhere the same: what is due by the clock of one subtask is due in all.
    if (byClock) this.#clockFiringUntil = fired.most;
    this.#context.metrics.currentWatermark = this.watermark;
    panes.resumeFrom(fired.least, this.#further);
  }

  /** The watermark as it is for a key: its key group may have been restored with a higher one. */
  watermarkOf(key: KeyId): number {
    return this.#further === undefined ? this.watermark : Math.max(this.watermark, this.#further.of(key));
  }

  /** Windows of the key that take no record up to here are too late; −∞ where none is. */
  lateUntilOf(key: KeyId): number {
    return this.#options.isEventTime ? this.watermarkOf(key) : this.lateUntil;
  }

  /** A snapshot in mid-firing: what was left to fire, the watermark behind it, and what is waiting behind that, come before anything else. */
  open(isWaiting: boolean): void {
    if (isWaiting || this.#mayHaveStopped || this.#forwarded < this.watermark || -Infinity < this.#clockFiringUntil) this.suspend();
    else this.wakeForNext();
  }

  processWatermark(watermark: number): void {
    // A restored operator knows its watermark; its input may begin again with a lower one.
    if ((this.watermark < watermark || watermark === MAX_WATERMARK) && !this.advance(watermark)) this.suspend();
  }

  /** Takes a higher watermark. Returns false where firing was stopped: whoever calls this suspends. */
  advance(watermark: number): boolean {
    if (this.#forwarded === MAX_WATERMARK) {
      this.#forward();
      return true;
    }
    this.#takeWatermark(watermark);
    this.#context.metrics.currentWatermark = watermark;
    if (!this.#options.byClock) return this.#fire();
    this.#forward();
    return true;
  }

  /** Takes a higher watermark that nothing is due at. */
  pass(watermark: number): void {
    this.#takeWatermark(watermark);
    this.#context.metrics.currentWatermark = watermark;
    this.#forward();
  }

  /** What is left of firing, and what stands behind it, goes on later. */
  suspend(): void {
    this.#context.suspend(this.#work);
  }

  snapshot(): void {
    this.#storedWatermark.set(this.watermark);
    this.#storedForwarded.set(this.#forwarded);
    const until = this.#options.byClock ? this.#clockFiringUntil : this.watermark;
    const ranges = this.#further?.ranges ?? [{ ...this.#keyGroups, until }];
    this.#storedFired.update(ranges.map((range) => ({ ...range, until: Math.max(range.until, until) })));
  }

  /** BATCH: everything that there is fires, as at the end of time. */
  endKey(): void {
    this.#takeWatermark(MAX_WATERMARK);
    this.#options.fireDue(MAX_WATERMARK, ALWAYS);
  }

  /** BATCH: the next key begins at the beginning. */
  beginKey(): void {
    this.#takeWatermark(MIN_WATERMARK);
  }

  /** The clock of an input that has ended is at the end too, unless the job asks for what Flink does. */
  finish(): void {
    const { mode, endOfInputTimers } = this.#context;
    if (this.#options.byClock && mode === "STREAMING" && endOfInputTimers === "fire") this.#onClock(Infinity);
  }

  /** There may be an earlier deadline than before. */
  wakeForNext(): void {
    if (!this.#options.byClock || this.#context.mode === "BATCH") return;
    const next = this.#options.nextDeadline();
    if (this.#wakeAt <= next) return;
    this.#wakeAt = next;
    this.#context.processingTime.at(next, this.#onClock);
  }

  readonly #onClock = (past: number): void => {
    this.#wakeAt = Infinity;
    this.#clockFiringUntil = Math.max(this.#clockFiringUntil, past);
    if (!this.#fire()) this.suspend();
  };

  readonly #mayContinue = (): boolean => this.#context.mayContinue();

  readonly #work: SuspendedWork;

  #fire(): boolean {
    // What had begun to fire before a restore is due whatever the time is.
    if (this.#mayHaveStopped && !this.#options.fireDue(-Infinity, this.#mayContinue)) return false;
    this.#mayHaveStopped = false;
    const until = this.#options.byClock ? this.#clockFiringUntil : this.watermark;
    if (this.#options.nextDeadline() <= until && !this.#options.fireDue(until, this.#mayContinue)) return false;
    this.#clockFiringUntil = -Infinity;
    if (this.#options.byClock) {
      this.#further = undefined;
      this.wakeForNext();
    } else if (this.#forwarded < this.watermark) this.#forward();
    return true;
  }

  #takeWatermark(watermark: number): void {
    this.watermark = watermark;
    this.sureFrom = watermark;
    if (this.#further !== undefined && !this.#options.byClock) {
      if (this.#further.most <= watermark) this.#further = undefined;
      else this.sureFrom = this.#further.most;
    }
    if (!this.#options.byClock) this.firedUntil = watermark;
    if (this.#options.isEventTime) this.lateUntil = watermark;
  }

  /** The final watermark as often as it comes: behind a restored operator others may stand than those that it had told. */
  #forward(): void {
    this.#forwarded = this.watermark;
    this.#context.output.processWatermark(this.watermark);
  }
}
