import { type KeyId, keyValue } from "../data/key.ts";
import { type FunctionScope, bindingOf } from "../functions/function-binding.ts";
import type { OutputTag } from "../functions/output-tag.ts";
import type { KeyedStateStore, ProcessWindowContext } from "../functions/window-functions.ts";
import { assert } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import type { KeyCursor } from "../state/bound-state.ts";
import { type Namespace, NO_NAMESPACE } from "../state/keyed-state.ts";
import type { Window } from "../windows/time-window.ts";
import type { OperatorContext } from "./operator.ts";
import type { StampedOutput, WindowEmit, WindowEmitterOptions } from "./window-emitter.ts";
import { CursorStateStore } from "./window-state-store.ts";

type Call<V> = (key: KeyId, window: Window, values: readonly V[]) => void;
/** What a window emits through a function. */
type FunctionEmit<K, V, Out> = Exclude<WindowEmit<K, V, Out>, { readonly kind: "values" }>;

/** Calls the window function of an operator, in its scope, with the window and its state at hand. */
export class WindowFunctionCalls<V> {
  readonly #scope: FunctionScope;
  readonly #context: WindowContext;
  readonly #call: Call<V>;
  readonly #clear: ((key: KeyId) => void) | undefined;

  constructor(options: WindowEmitterOptions<unknown, V, never>, context: OperatorContext, collector: StampedOutput<never>) {
    const { emit } = options;
    assert(emit.kind !== "values", "values that are results need no function");
    this.#context = new WindowContext(options, context, collector);
    this.#scope = bindingOf(emit.fn).scope(context, this.#context.keyCursor);
    const windowContext = this.#context as unknown as ProcessWindowContext<never>;
    this.#call = callOf(emit, windowContext, collector);
    this.#clear = clearOf(emit, windowContext);
  }

  open(): void {
    this.#scope.open();
  }

  close(): void {
    this.#scope.close();
  }

  call(key: KeyId, window: Window, values: readonly V[], isRefiring: boolean): void {
    this.#context.moveTo(key, window, isRefiring);
    const outer = this.#scope.enter();
    this.#call(key, window, values);
    this.#scope.leave(outer);
  }

  /** Whether the function is told of windows that are dropped. */
  get clears(): boolean {
    return this.#clear !== undefined;
  }

  clear(key: KeyId, window: Window): void {
    if (this.#clear === undefined) return;
    this.#context.moveTo(key, window, false);
    const outer = this.#scope.enter();
    this.#clear(key);
    this.#scope.leave(outer);
  }

  endKey(): void {
    this.#scope.clearStates();
    this.#context.clearGlobalState();
  }
}

function callOf<K, V, Out>(emit: FunctionEmit<K, V, Out>, context: ProcessWindowContext<never>, collector: StampedOutput<Out>): Call<V> {
  switch (emit.kind) {
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

function clearOf<K, V, Out>(emit: FunctionEmit<K, V, Out>, context: ProcessWindowContext<never>): ((key: KeyId) => void) | undefined {
  if (emit.kind === "process" && emit.fn.clear !== undefined) return (key) => emit.fn.clear!(keyValue(key) as K, context);
  if (emit.kind === "process-all" && emit.fn.clear !== undefined) return () => emit.fn.clear!(context);
  return undefined;
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
