import { copied } from "../data/copied.ts";
import { type KeyId, keyId, showKey } from "../data/key.ts";
import { type Type, types } from "../data/type.ts";
import type { OutputTag } from "../functions/output-tag.ts";
import { InvariantViolation, assert } from "../lib/assert.ts";
import { Duration } from "../lib/duration.ts";
import { JobError } from "../lib/errors.ts";
import type { OperatorValue } from "../state/operator-state.ts";
import { MAX_WATERMARK, MIN_WATERMARK } from "../time/timestamp.ts";
import { showAggregate } from "../windows/built-in-aggregates.ts";
import type { WindowContents } from "../windows/pane-functions.ts";
import type { PaneDeadlines, Panes } from "../windows/panes.ts";
import { GlobalWindow, TimeWindow, type Window, compareWindows } from "../windows/time-window.ts";
import type { WindowAssigner, WindowAssignerContext } from "../windows/window-assigner.ts";
import { deadlinesOf, hasOneWindowPerRecord } from "./default-triggers.ts";
import { MergingWindows } from "./merging-windows.ts";
import type { Operator, OperatorContext, OperatorFactory, Output, SuspendedWork } from "./operator.ts";
import { type WindowEmit, WindowEmitter } from "./window-emitter.ts";
import { type PanesKind, makePanes } from "./window-panes.ts";

export interface WindowOptions<T, K, Contents, V, Out> {
  /** Undefined for `windowAll`: all records have one key. */
  readonly keyOf: ((record: T) => K) | undefined;
  readonly assigner: WindowAssigner<T, Window>;
  readonly contents: WindowContents<T, Contents, V>;
  readonly contentsType: Type<Contents>;
  readonly emit: WindowEmit<K, V, Out>;
  /** How long after its end a window of event time takes late records. */
  readonly allowedLatenessMs: number;
  /** Where records go that are too late; undefined drops and counts them. */
  readonly lateTag: OutputTag<T> | undefined;
  /** What holds the panes: memory, or keyed state and timers. */
  readonly panes: PanesKind;
}

/** The key of `windowAll`. */
const NO_KEY: KeyId = "";
const ALWAYS = (): boolean => true;

/**
 * Windows with their default trigger. Finds the windows of a record, passes over those that are too late, adds the record to the
 * others, and fires those whose time has passed. The watermark, or the clock where the assigner goes by it, fires what is due and
 * drops what no late record can reach any more.
 *
 * Firing goes in turns; the watermark is forwarded after the last one.
 */
export class WindowOperator<T, K, Contents, V, Out> implements Operator, Output<T> {
  readonly inputs: readonly Output<T>[] = [this];
  readonly #context: OperatorContext;
  readonly #keyOf: ((record: T) => K) | undefined;
  readonly #assigner: WindowAssigner<T, Window>;
  readonly #assignerContext: WindowAssignerContext;
  readonly #contents: WindowContents<T, Contents, V>;
  readonly #panes: Panes<T, Contents>;
  readonly #deadlines: PaneDeadlines;
  readonly #merging: MergingWindows | undefined;
  readonly #emitter: WindowEmitter<K, V, Out>;
  readonly #allowedLatenessMs: number;
  readonly #late: Output<T> | undefined;
  /** Whether the clock fires; otherwise the watermark does. */
  readonly #byClock: boolean;
  /** Whether what a pane emits is still needed: it may fire again, or other windows hold the same records. */
  readonly #keepsEmitted: boolean;

  readonly #storedWatermark: OperatorValue<number>;
  readonly #storedForwarded: OperatorValue<number>;
  readonly #storedFiringUntil: OperatorValue<number>;
  readonly #storedAssigner: OperatorValue<unknown>;

  #watermark = MIN_WATERMARK;
  /** The last watermark that was forwarded; behind `#watermark` only while firing is suspended. */
  #forwarded = MIN_WATERMARK;
  /**
   * While panes fire by the clock, up to which time. Otherwise −∞: what has fired then is dropped, so whatever panes there are
   * have yet to fire.
   */
  #clockFiringUntil = -Infinity;
  /** When the clock is to call. */
  #wakeAt = Infinity;

  constructor(options: WindowOptions<T, K, Contents, V, Out>, context: OperatorContext) {
    const { keyOf, contents, emit, allowedLatenessMs, lateTag } = options;
    this.#context = context;
    this.#keyOf = keyOf;
    this.#assigner = options.assigner.forSubtask?.() ?? options.assigner;
    this.#assignerContext = { currentProcessingTime: () => context.processingTime.now(), random: () => context.random() };
    this.#byClock = this.#assigner.defaultTrigger === "processingTime";
    this.#contents = contents;
    this.#keepsEmitted = (this.#assigner.isEventTime && 0 < allowedLatenessMs) || !hasOneWindowPerRecord(this.#assigner);
    this.#allowedLatenessMs = allowedLatenessMs;
    this.#deadlines = deadlinesOf(this.#assigner, allowedLatenessMs);
    this.#panes = makePanes(options.panes, context, {
      assigner: this.#assigner,
      contents,
      contentsType: options.contentsType,
      deadlines: this.#deadlines,
    });
    this.#merging = this.#assigner.isMerging ? new MergingWindows(context.keyedState) : undefined;
    this.#emitter = new WindowEmitter(
      { emit, isMerging: this.#assigner.isMerging, currentWatermark: () => this.#watermark },
      context,
    );
    this.#late = lateTag === undefined ? undefined : context.sideOutput(lateTag);

    const { operatorState } = context;
    this.#storedWatermark = operatorState.value("watermark", types.number, MIN_WATERMARK, "min");
    this.#storedForwarded = operatorState.value("forwarded-watermark", types.number, MIN_WATERMARK, "min");
    this.#storedFiringUntil = operatorState.value("clock-firing-until", types.number, -Infinity, "min");
    this.#storedAssigner = operatorState.value<unknown>("assigner", types.dynamic, undefined, "first");
  }

  open(): void {
    const assigner = this.#storedAssigner.get();
    if (assigner !== undefined) this.#assigner.restore?.(assigner);
    this.#watermark = this.#storedWatermark.get();
    this.#forwarded = this.#storedForwarded.get();
    this.#clockFiringUntil = this.#storedFiringUntil.get();
    this.#context.metrics.currentWatermark = this.#watermark;
    this.#panes.resumeFrom(this.#byClock ? this.#clockFiringUntil : this.#watermark);
    this.#emitter.open();
    // A snapshot in mid-firing: what was left to fire, and the watermark behind it, come before anything else.
    if (this.#forwarded < this.#watermark || -Infinity < this.#clockFiringUntil) this.#context.suspend(this.#firing);
    else this.#wakeForNext();
  }

  processRecord(record: T, timestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    const windows = this.#windowsOf(record, timestamp);
    if (this.#merging !== undefined) return this.#addToSessions(this.#merging, windows, record, timestamp);

    const kept = this.#withoutTooLate(windows);
    if (kept.length === 0) return this.#reject(record, timestamp);
    this.#add(this.#keyIdOf(record, timestamp), kept, record, timestamp);
  }

  processWatermark(watermark: number): void {
    // A restored operator knows its watermark; its input may begin again with a lower one.
    if (watermark <= this.#watermark) return;
    this.#watermark = watermark;
    this.#context.metrics.currentWatermark = watermark;
    if (this.#byClock) this.#forward();
    else this.#fireInTurns();
  }

  processIdleness(idle: boolean): void {
    this.#context.output.processIdleness(idle);
  }

  snapshot(): void {
    this.#storedWatermark.set(this.#watermark);
    this.#storedForwarded.set(this.#forwarded);
    this.#storedFiringUntil.set(this.#clockFiringUntil);
    this.#storedAssigner.set(this.#assigner.snapshot?.());
  }

  endKey(): void {
    this.#watermark = MAX_WATERMARK;
    this.#fireDue(MAX_WATERMARK, ALWAYS);
    this.#panes.dropDue(MAX_WATERMARK, this.#drop);
    this.#emitter.endKey();
    this.#watermark = MIN_WATERMARK;
  }

  /** The clock of an input that has ended is at the end too, unless the job asks for what Flink does. */
  finish(): void {
    if (this.#byClock && this.#context.mode === "STREAMING" && this.#context.endOfInputTimers === "fire") this.#onClock(Infinity);
  }

  close(): void {
    this.#emitter.close();
  }

  /** The windows as panes know them: the window that is for ever as the span from −∞ to +∞. */
  #windowsOf(record: T, timestamp: number): readonly TimeWindow[] {
    let windows: readonly Window[];
    try {
      windows = this.#assigner.assignWindows(record, timestamp, this.#assignerContext);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    return windows[0] instanceof GlobalWindow ? GLOBAL_PANES : (windows as readonly TimeWindow[]);
  }

  #keyIdOf(record: T, timestamp: number): KeyId {
    if (this.#keyOf === undefined) return NO_KEY;
    try {
      return keyId(this.#keyOf(record));
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
  }

  #isTooLate(window: TimeWindow): boolean {
    return this.#assigner.isEventTime && window.end - 1 + this.#allowedLatenessMs <= this.#watermark;
  }

  /** The same array where none is too late, so that most records allocate nothing. */
  #withoutTooLate(windows: readonly TimeWindow[]): readonly TimeWindow[] {
    for (const window of windows) {
      if (this.#isTooLate(window)) return windows.filter((each) => !this.#isTooLate(each));
    }
    return windows;
  }

  /** Sessions merge first; what is too late is judged on the merged one. */
  #addToSessions(merging: MergingWindows, windows: readonly TimeWindow[], record: T, timestamp: number): void {
    const key = this.#keyIdOf(record, timestamp);
    let isRejected = true;
    for (const added of windows) {
      const window = merging.add(key, added, this.#onMerge);
      if (this.#isTooLate(window)) merging.retire(key, window);
      else {
        isRejected = false;
        this.#add(key, [window], record, timestamp);
      }
    }
    if (isRejected) this.#reject(record, timestamp);
  }

  readonly #onMerge = (key: KeyId, result: TimeWindow, merged: readonly TimeWindow[]): void => {
    // A session only grows, and those in flight are not too late: what Flink refuses here, for assigners that merge otherwise,
    // cannot happen.
    assert(!this.#isTooLate(result), "a session that grows is not too late");
    try {
      this.#panes.merge(key, result, merged, this.#firedUntil);
    } catch (cause) {
      throw this.#failure(cause, key, undefined, result.maxTimestamp());
    }
  };

  #add(key: KeyId, windows: readonly TimeWindow[], record: T, timestamp: number): void {
    try {
      // Each window reduces a record of its own, which the function may change.
      if (1 < windows.length && this.#contents.kind === "reduce") {
        for (const window of windows) this.#panes.add(key, [window], copied(record), timestamp, this.#firedUntil);
      } else this.#panes.add(key, windows, record, timestamp, this.#firedUntil);
    } catch (cause) {
      throw this.#failure(cause, key, record, timestamp);
    }
    if (this.#byClock) this.#wakeForNext();
    else this.#fireAgain(key, windows);
  }

  /** Fires at once the panes of a record that came after their time: the accumulated value, once more or for the first time. */
  #fireAgain(key: KeyId, windows: readonly TimeWindow[]): void {
    const { metrics } = this.#context;
    let late: TimeWindow[] | undefined;
    for (const window of windows) {
      if (this.#deadlines.fireTime(window) <= this.#watermark) (late ??= []).push(window);
    }
    if (late === undefined) return;
    metrics.lateRecordsKept += 1;
    for (const window of late.sort(compareWindows)) {
      const contents = this.#read(key, window);
      metrics.refirings += 1;
      this.#emit(key, window, contents, true);
    }
  }

  #read(key: KeyId, window: TimeWindow): Contents {
    let contents: Contents | undefined;
    try {
      contents = this.#panes.read(key, window);
    } catch (cause) {
      throw this.#failure(cause, key, undefined, window.maxTimestamp());
    }
    assert(contents !== undefined, "a pane that a record was added to has contents");
    return contents;
  }

  /** A record that no window takes: too late for all, or, where windows leave gaps, between two. */
  #reject(record: T, timestamp: number): void {
    if (!this.#assigner.isEventTime || this.#watermark < timestamp + this.#allowedLatenessMs) return;
    if (this.#late === undefined) this.#context.metrics.lateRecordsDropped += 1;
    else {
      this.#context.metrics.recordsOut += 1;
      this.#late.processRecord(record, timestamp);
    }
  }

  /** Panes up to here fire when they get a record; none where the clock fires. */
  get #firedUntil(): number {
    return this.#byClock ? -Infinity : this.#watermark;
  }

  #wakeForNext(): void {
    if (!this.#byClock || this.#context.mode === "BATCH") return;
    const next = this.#panes.nextDeadline();
    if (this.#wakeAt <= next) return;
    this.#wakeAt = next;
    this.#context.processingTime.at(next, this.#onClock);
  }

  readonly #onClock = (past: number): void => {
    this.#wakeAt = Infinity;
    this.#clockFiringUntil = Math.max(this.#clockFiringUntil, past);
    this.#fireInTurns();
  };

  #fireInTurns(): void {
    if (!this.#firing.resume()) this.#context.suspend(this.#firing);
  }

  readonly #mayContinue = (): boolean => this.#context.mayContinue();

  readonly #firing: SuspendedWork = {
    snapshotable: true,
    resume: () => {
      const until = this.#byClock ? this.#clockFiringUntil : this.#watermark;
      if (this.#panes.nextDeadline() <= until) {
        if (!this.#fireDue(until, this.#mayContinue)) return false;
        this.#panes.dropDue(until, this.#drop);
      }
      this.#clockFiringUntil = -Infinity;
      if (this.#byClock) this.#wakeForNext();
      else this.#forward();
      return true;
    },
  };

  #fireDue(until: number, mayContinue: () => boolean): boolean {
    try {
      return this.#panes.fireDue(until, this.#fire, mayContinue);
    } catch (cause) {
      throw this.#context.userError(cause, undefined, NaN);
    }
  }

  #forward(): void {
    this.#forwarded = this.#watermark;
    this.#context.output.processWatermark(this.#watermark);
  }

  readonly #fire = (key: KeyId, window: TimeWindow, contents: Contents): void => this.#emit(key, window, contents, false);

  readonly #drop = (key: KeyId, window: TimeWindow): void => {
    this.#merging?.retire(key, window);
    try {
      this.#emitter.clear(key, userWindow(window));
    } catch (cause) {
      throw this.#failure(cause, key, undefined, window.maxTimestamp());
    }
  };

  #emit(key: KeyId, window: TimeWindow, contents: Contents, isRefiring: boolean): void {
    try {
      const values = this.#contents.values(contents);
      this.#emitter.emit(key, userWindow(window), this.#keepsEmitted ? values.map(copied) : values, isRefiring);
    } catch (cause) {
      throw this.#failure(cause, key, undefined, window.maxTimestamp());
    }
  }

  #failure(cause: unknown, key: KeyId, record: T | undefined, timestamp: number): Error {
    // What an operator behind this one threw knows its place.
    if (cause instanceof InvariantViolation || (cause instanceof JobError && cause.place.operator !== undefined)) return cause;
    const error = this.#context.userError(cause, record, timestamp);
    return this.#keyOf === undefined ? error : error.at({ key: showKey(key) });
  }
}

const GLOBAL_PANE = /* @__PURE__ */ new TimeWindow(-Infinity, Infinity);
const GLOBAL_PANES: readonly TimeWindow[] = [GLOBAL_PANE];

function userWindow(window: TimeWindow): Window {
  return window.start === -Infinity ? GlobalWindow.get() : window;
}

/** Builds window operators: keyed, or, without `keyOf`, over all records. */
export function windowFactory<T, K, Contents, V, Out>(
  options: Omit<WindowOptions<T, K, Contents, V, Out>, "panes"> & { readonly panes?: PanesKind },
): OperatorFactory {
  const { assigner, contents, emit, allowedLatenessMs, lateTag } = options;
  return {
    kind: options.keyOf === undefined ? "window-all" : "window",
    details: {
      window: assigner.describe(),
      contents: contents.kind,
      ...(contents.builtIn === undefined ? {} : { aggregates: contents.builtIn.map(showAggregate) }),
      emit: emit.kind,
      ...(assigner.defaultTrigger === "eventTime"
        ? {
            allowedLateness: Duration.ofMillis(allowedLatenessMs).toString(),
            tooLate: lateTag === undefined ? "dropped and counted" : `to the side output "${lateTag.id}"`,
          }
        : {}),
      ...(assigner.defaultTrigger === "processingTime" ? { notReproducible: "windows go by the clock" } : {}),
      state: options.keyOf === undefined ? "panes by window" : "panes by key and window",
    },
    suspends: true,
    create: (context) => new WindowOperator({ ...options, panes: options.panes ?? "heap" }, context),
  };
}
