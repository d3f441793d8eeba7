import { copied } from "../data/copied.ts";
import { type KeyId, keyId } from "../data/key.ts";
import { types } from "../data/type.ts";
import { assert } from "../lib/assert.ts";
import type { OperatorValue } from "../state/operator-state.ts";
import type { MergingPanes, MergingTime } from "../windows/merging-panes.ts";
import type { WindowContents } from "../windows/pane-functions.ts";
import { SessionPanes } from "../windows/session-panes.ts";
import type { TimeWindow, Window } from "../windows/time-window.ts";
import type { SessionAssigner, WindowAssigner, WindowAssignerContext } from "../windows/window-assigner.ts";
import { mergingDeadlinesOf } from "./default-triggers.ts";
import { LateRecords } from "./late-records.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";
import { WindowEmitter } from "./window-emitter.ts";
import { windowFailure } from "./window-failure.ts";
import { WindowFiring } from "./window-firing.ts";
import type { WindowOptions } from "./window-operator.ts";
import { keyedPanes } from "./window-parts.ts";

/** The key of `windowAll`. */
const NO_KEY: KeyId = "";

/**
 * Windows that merge, with their default trigger. A record joins the windows in flight of its key that its own window touches; whether it is too late is judged
 * on what they become. Everything else is as in `WindowOperator`.
 */
export class SessionWindowOperator<T, K, Contents, V, Out> implements Operator, Output<T> {
  readonly inputs: readonly Output<T>[] = [this];
  readonly #context: OperatorContext;
  readonly #keyOf: ((record: T) => K) | undefined;
  readonly #assigner: WindowAssigner<T, Window>;
  readonly #assignerContext: WindowAssignerContext;
  readonly #contents: WindowContents<T, Contents, V>;
  readonly #panes: MergingPanes<T, Contents>;
  readonly #emitter: WindowEmitter<K, V, Out>;
  readonly #firing: WindowFiring;
  /** Where windows are those of records and gaps. */
  readonly #sessions: SessionAssigner<T> | undefined;
  readonly #late: LateRecords<T>;
  readonly #byClock: boolean;
  /** Whether what a window emits is still needed, since it may fire again. */
  readonly #keepsEmitted: boolean;
  readonly #storedAssigner: OperatorValue<unknown>;

  constructor(options: WindowOptions<T, K, Contents, V, Out>, context: OperatorContext) {
    const { contents, emit, allowedLatenessMs, lateTag } = options;
    const assigner = options.assigner.forSubtask?.() ?? options.assigner;
    this.#context = context;
    this.#keyOf = options.keyOf;
    this.#assigner = assigner;
    this.#assignerContext = { currentProcessingTime: () => context.processingTime.now(), random: () => context.random() };
    this.#contents = contents;
    this.#byClock = assigner.defaultTrigger === "processingTime";
    this.#keepsEmitted = assigner.isEventTime && 0 < allowedLatenessMs;
    this.#sessions = assigner.sessions;
    this.#firing = new WindowFiring(
      {
        byClock: this.#byClock,
        isEventTime: assigner.isEventTime,
        nextDeadline: () => this.#panes.nextDeadline(),
        fireDue: (time, mayContinue) => this.#fireDue(time, mayContinue),
      },
      context,
    );
    this.#panes = makeMergingPanes({ ...options, assigner }, this.#firing, context);
    this.#emitter = new WindowEmitter({ emit, isMerging: true, currentWatermark: () => this.#firing.watermark }, context);
    this.#late = new LateRecords({ allowedLatenessMs, tag: lateTag, isEventTime: assigner.isEventTime }, context);
    this.#storedAssigner = context.operatorState.value<unknown>("assigner", types.dynamic, undefined, "first");
  }

  open(): void {
    const assigner = this.#storedAssigner.get();
    if (assigner !== undefined) this.#assigner.restore?.(assigner);
    this.#firing.restore(this.#panes);
    this.#emitter.open();
    this.#firing.open(false);
  }

  processRecord(record: T, timestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    if (this.#sessions === undefined) return this.#processMany(record, timestamp);
    let start: number;
    let key: KeyId;
    let gapMs: number;
    try {
      start = this.#sessions.startOf(timestamp, this.#assignerContext);
      gapMs = this.#sessions.gapMsOf(record);
      key = this.#keyOf === undefined ? NO_KEY : keyId(this.#keyOf(record));
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    if (!this.#add(key, start, start + gapMs, record, timestamp)) this.#late.reject(() => record, timestamp, this.#firing.watermarkOf(key));
  }

  processWatermark(watermark: number): void {
    this.#firing.processWatermark(watermark);
  }

  processIdleness(idle: boolean): void {
    this.#context.output.processIdleness(idle);
  }

  snapshot(): void {
    this.#firing.snapshot();
    this.#storedAssigner.set(this.#assigner.snapshot?.());
  }

  endKey(): void {
    this.#firing.endKey();
    this.#emitter.endKey();
    this.#firing.beginKey();
  }

  finish(): void {
    this.#firing.finish();
  }

  close(): void {
    this.#emitter.close();
  }

  /** An assigner of the user may give a record several windows, or none. */
  #processMany(record: T, timestamp: number): void {
    let windows: readonly Window[];
    let key: KeyId;
    try {
      windows = this.#assigner.assignWindows(record, timestamp, this.#assignerContext);
      key = this.#keyOf === undefined ? NO_KEY : keyId(this.#keyOf(record));
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    let isRejected = true;
    for (const [index, { start, end }] of windows.entries()) {
      // Each window reduces a record of its own, which the function may change.
      const own = 0 < index && this.#contents.kind === "reduce" ? copied(record) : record;
      if (this.#add(key, start, end, own, timestamp)) isRejected = false;
    }
    if (isRejected) this.#late.reject(() => record, timestamp, this.#firing.watermarkOf(key));
  }

  /** Returns false where the window is too late. */
  #add(key: KeyId, start: number, end: number, record: T, timestamp: number): boolean {
    let added: boolean | TimeWindow;
    try {
      added = this.#panes.add(key, start, end, record, timestamp);
    } catch (cause) {
      throw this.#failure(cause, key, record, timestamp);
    }
    if (this.#byClock) this.#firing.wakeForNext();
    else if (typeof added !== "boolean") this.#fireAgain(key, added);
    return added !== false;
  }

  /** Fires at once the window of a record that came after its time: the accumulated value, once more or for the first time. */
  #fireAgain(key: KeyId, window: TimeWindow): void {
    const { metrics } = this.#context;
    metrics.lateRecordsKept += 1;
    const contents = this.#read(key, window);
    metrics.refirings += 1;
    this.#emit(key, window, contents, true);
  }

  #read(key: KeyId, window: TimeWindow): Contents {
    const contents = this.#panes.read(key, window);
    assert(contents !== undefined, "a window that a record was added to has contents");
    return contents;
  }

  #fireDue(time: number, mayContinue: () => boolean): boolean {
    if (!this.#panes.fireDue(time, this.#fire, mayContinue)) return false;
    this.#panes.dropDue(time, this.#drop);
    return true;
  }

  readonly #fire = (key: KeyId, window: TimeWindow, contents: Contents): void => this.#emit(key, window, contents, false);

  readonly #drop = (key: KeyId, window: TimeWindow): void => {
    try {
      this.#emitter.clear(key, window);
    } catch (cause) {
      throw this.#failure(cause, key, undefined, window.maxTimestamp());
    }
  };

  #emit(key: KeyId, window: TimeWindow, contents: Contents, isRefiring: boolean): void {
    try {
      const values = this.#contents.values(contents);
      this.#emitter.emit(key, window, this.#keepsEmitted ? values.map(copied) : values, isRefiring);
    } catch (cause) {
      throw this.#failure(cause, key, undefined, window.maxTimestamp());
    }
  }

  #failure(cause: unknown, key: KeyId, record: T | undefined, timestamp: number): Error {
    return windowFailure(this.#context, cause, this.#keyOf === undefined ? undefined : key, record, timestamp);
  }
}

function makeMergingPanes<T, K, Contents, V, Out>(
  options: WindowOptions<T, K, Contents, V, Out>,
  time: MergingTime,
  context: OperatorContext,
): MergingPanes<T, Contents> {
  const { assigner, contents, contentsType, allowedLatenessMs } = options;
  const mergingOptions = { time, deadlines: mergingDeadlinesOf(assigner, allowedLatenessMs), allowedLatenessMs, contents, contentsType };
  if (options.panes !== "keyed") return new SessionPanes({ ...mergingOptions, registry: context.components });
  return keyedPanes.module.makeKeyedMergingPanes({ ...mergingOptions, assigner, registry: context.components, state: context.keyedState });
}
