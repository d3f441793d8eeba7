import { type KeyId, keyValue } from "../data/key.ts";
import type { Collector } from "../functions/collector.ts";
import { type FunctionScope, bindingOf } from "../functions/function-binding.ts";
import type { OutputTag } from "../functions/output-tag.ts";
import type {
  AllWindowFunction,
  KeyedStateStore,
  ProcessAllWindowFunctionLike,
  ProcessWindowContext,
  ProcessWindowFunctionLike,
  WindowFunction,
} from "../functions/window-functions.ts";
import { JobError } from "../lib/errors.ts";
import type { KeyCursor } from "../state/bound-state.ts";
import { type Namespace, NO_NAMESPACE } from "../state/keyed-state.ts";
import type { Window } from "../windows/time-window.ts";
import type { OperatorContext, Output } from "./operator.ts";
import { CursorStateStore } from "./window-state-store.ts";

/** What a window gives when it fires: its values as they are, or what a function makes of them. */
export type WindowEmit<K, V, Out> =
  | { readonly kind: "values" }
  | { readonly kind: "process"; readonly fn: ProcessWindowFunctionLike<V, Out, K, never> }
  | { readonly kind: "process-all"; readonly fn: ProcessAllWindowFunctionLike<V, Out, never> }
  | { readonly kind: "apply"; readonly fn: WindowFunction<V, Out, K, never> }
  | { readonly kind: "apply-all"; readonly fn: AllWindowFunction<V, Out, never> };

export interface WindowEmitterOptions<K, V, Out> {
  readonly emit: WindowEmit<K, V, Out>;
  readonly isMerging: boolean;
  currentWatermark(): number;
}

type Call<V> = (key: KeyId, window: Window, values: readonly V[]) => void;

/** Calls the window function of an operator, each result stamped with the last timestamp of its window. */
export class WindowEmitter<K, V, Out> {
  readonly #call: Call<V>;
  readonly #clear: ((key: KeyId) => void) | undefined;
  readonly #scope: FunctionScope | undefined;
  readonly #collector: StampedOutput<Out>;
  readonly #windowContext: WindowContext;

  constructor(options: WindowEmitterOptions<K, V, Out>, context: OperatorContext) {
    const { emit } = options;
    this.#collector = new StampedOutput(context);
    this.#windowContext = new WindowContext(options, context, this.#collector);
    this.#scope = emit.kind === "values" ? undefined : bindingOf(emit.fn).scope(context, this.#windowContext.keyCursor);
    this.#call = this.#callOf(emit);
    this.#clear = this.#clearOf(emit);
  }

  /** Whether anybody is told of windows that are dropped. */
  get clears(): boolean {
    return this.#clear !== undefined;
  }

  open(): void {
    this.#scope?.open();
  }

  close(): void {
    this.#scope?.close();
  }

  /** A value that no function is asked about. */
  emitValue(window: Window, value: V): void {
    this.#collector.timestamp = window.maxTimestamp();
    // Without a function, values are the results: the API gives `V = Out`.
    this.#collector.collect(value as unknown as Out);
  }

  emit(key: KeyId, window: Window, values: readonly V[], isRefiring: boolean): void {
    this.#collector.timestamp = window.maxTimestamp();
    if (this.#scope === undefined) {
      this.#call(key, window, values);
      return;
    }
    this.#windowContext.moveTo(key, window, isRefiring);
    const outer = this.#scope.enter();
    this.#call(key, window, values);
    this.#scope.leave(outer);
  }

  /** The window is dropped: the function clears what it keeps for it. */
  clear(key: KeyId, window: Window): void {
    if (this.#clear === undefined) return;
    this.#collector.timestamp = window.maxTimestamp();
    this.#windowContext.moveTo(key, window, false);
    const outer = this.#scope!.enter();
    this.#clear(key);
    this.#scope!.leave(outer);
  }

  /** BATCH: all windows of the key are dropped, and with them goes what the function keeps for the key. */
  endKey(): void {
    this.#scope?.clearStates();
    this.#windowContext.clearGlobalState();
  }

  #callOf(emit: WindowEmit<K, V, Out>): Call<V> {
    const collector = this.#collector;
    const context = this.#windowContext as unknown as ProcessWindowContext<never>;
    switch (emit.kind) {
      case "values":
        // Without a function, values are the results: the API gives `V = Out`.
        return (_key, _window, values) => {
          for (const value of values) collector.collect(value as unknown as Out);
        };
      case "process":
        return (key, _window, values) => emit.fn.process(keyValue(key) as K, context, values, collector);
      case "process-all":
        return (_key, _window, values) => emit.fn.process(context, values, collector);
      case "apply":
        return (key, window, values) => emit.fn.apply(keyValue(key) as K, window as never, values, collector);
      case "apply-all":
        return (_key, window, values) => emit.fn.apply(window as never, values, collector);
    }
  }

  #clearOf(emit: WindowEmit<K, V, Out>): ((key: KeyId) => void) | undefined {
    const context = this.#windowContext as unknown as ProcessWindowContext<never>;
    if (emit.kind === "process" && emit.fn.clear !== undefined) return (key) => emit.fn.clear!(keyValue(key) as K, context);
    if (emit.kind === "process-all" && emit.fn.clear !== undefined) return () => emit.fn.clear!(context);
    return undefined;
  }
}

/** Results and side outputs carry the timestamp of the window at hand. */
class StampedOutput<Out> implements Collector<Out> {
  timestamp = NaN;
  readonly #context: OperatorContext;
  readonly #sides = new Map<string, Output<unknown>>();

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  collect(record: Out): void {
    this.#context.metrics.recordsOut += 1;
    this.#context.output.processRecord(record, this.timestamp);
  }

  collectSide<S>(tag: OutputTag<S>, record: S): void {
    let side = this.#sides.get(tag.id);
    if (side === undefined) this.#sides.set(tag.id, (side = this.#context.sideOutput(tag) as Output<unknown>));
    this.#context.metrics.recordsOut += 1;
    side.processRecord(record, this.timestamp);
  }
}

/** One for all calls: it speaks of the window at hand. */
class WindowContext implements ProcessWindowContext<Window> {
  /** Where state of the key lies. */
  readonly keyCursor: KeyCursor = { key: "", namespace: NO_NAMESPACE };
  readonly #windowCursor: KeyCursor = { key: "", namespace: NO_NAMESPACE };
  readonly #options: WindowEmitterOptions<never, never, never>;
  readonly #context: OperatorContext;
  readonly #output: StampedOutput<never>;
  readonly #globalState: CursorStateStore;
  readonly #windowState: KeyedStateStore;
  #window: Window | undefined;
  #isRefiring = false;

  constructor(options: WindowEmitterOptions<never, never, never>, context: OperatorContext, output: StampedOutput<never>) {
    this.#options = options;
    this.#context = context;
    this.#output = output;
    this.#globalState = new CursorStateStore(context.keyedState, this.keyCursor);
    this.#windowState = new CursorStateStore(context.keyedState, this.#windowCursor);
  }

  moveTo(key: KeyId, window: Window, isRefiring: boolean): void {
    this.keyCursor.key = key;
    this.#windowCursor.key = key;
    this.#window = window;
    this.#isRefiring = isRefiring;
  }

  window(): Window {
    return this.#window!;
  }

  currentProcessingTime(): number {
    return this.#context.processingTime.now();
  }

  currentWatermark(): number {
    return this.#options.currentWatermark();
  }

  isRefiring(): boolean {
    return this.#isRefiring;
  }

  windowState(): KeyedStateStore {
    if (this.#options.isMerging) {
      throw new JobError(
        "STATE_NOT_AVAILABLE",
        "state of one window is not available for session windows, which merge: use globalState(), which belongs to the key",
      );
    }
    this.#windowCursor.namespace = namespaceOf(this.window());
    return this.#windowState;
  }

  globalState(): KeyedStateStore {
    return this.#globalState;
  }

  clearGlobalState(): void {
    this.#globalState.clear();
  }

  output<S>(tag: OutputTag<S>, record: S): void {
    this.#output.collectSide(tag, record);
  }
}

/** Where state of a window lies: never that of the key alone. */
function namespaceOf(window: Window): Namespace {
  return `${window.start}/${window.end}`;
}
