import type { KeyId } from "../data/key.ts";
import type { Collector } from "../functions/collector.ts";
import type { OutputTag } from "../functions/output-tag.ts";
import type {
  AllWindowFunction,
  ProcessAllWindowFunctionLike,
  ProcessWindowFunctionLike,
  WindowFunction,
} from "../functions/window-functions.ts";
import type { Window } from "../windows/time-window.ts";
import type { OperatorContext, Output } from "./operator.ts";
import type { WindowFunctionCalls } from "./window-function-calls.ts";
import { windowFunctions } from "./window-parts.ts";

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

/** Emits what windows give, each result stamped with the last timestamp of its window. */
export class WindowEmitter<K, V, Out> {
  readonly #collector: StampedOutput<Out>;
  /** Where a function makes the results. */
  readonly #calls: WindowFunctionCalls<V> | undefined;

  constructor(options: WindowEmitterOptions<K, V, Out>, context: OperatorContext) {
    this.#collector = new StampedOutput(context);
    if (options.emit.kind !== "values") this.#calls = new windowFunctions.module.WindowFunctionCalls(options, context, this.#collector);
  }

  /** Whether anybody is told of windows that are dropped. */
  get clears(): boolean {
    return this.#calls?.clears === true;
  }

  open(): void {
    this.#calls?.open();
  }

  close(): void {
    this.#calls?.close();
  }

  /** A value that no function is asked about. */
  emitValue(window: Window, value: V): void {
    this.#collector.timestamp = window.maxTimestamp();
    // Without a function, values are the results: the API gives `V = Out`.
    this.#collector.collect(value as unknown as Out);
  }

  emit(key: KeyId, window: Window, values: readonly V[], isRefiring: boolean): void {
    if (this.#calls === undefined) {
      for (const value of values) this.emitValue(window, value);
      return;
    }
    this.#collector.timestamp = window.maxTimestamp();
    this.#calls.call(key, window, values, isRefiring);
  }

  /** The window is dropped: the function clears what it keeps for it. */
  clear(key: KeyId, window: Window): void {
    this.#collector.timestamp = window.maxTimestamp();
    this.#calls?.clear(key, window);
  }

  /** BATCH: all windows of the key are dropped, and with them goes what the function keeps for the key. */
  endKey(): void {
    this.#calls?.endKey();
  }
}

/** Results and side outputs carry the timestamp of the window at hand. */
export class StampedOutput<Out> implements Collector<Out> {
  timestamp = NaN;
  readonly #context: OperatorContext;
  readonly #sides = new Map<string, Output<unknown>>();

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  collect(record: Out): void {
    this.#context.metrics.recordsOut += 1;
    this.#context.openOutput.processRecord(record, this.timestamp);
  }

  collectSide<S>(tag: OutputTag<S>, record: S): void {
    let side = this.#sides.get(tag.id);
    if (side === undefined) this.#sides.set(tag.id, (side = this.#context.sideOutput(tag) as Output<unknown>));
    this.#context.metrics.recordsOut += 1;
    side.processRecord(record, this.timestamp);
  }
}
