import type { Window } from "../windows/time-window.ts";
import type { AggregatingState, ListState, MapState, ReducingState, ValueState } from "../state/state.ts";
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from "../state/descriptors.ts";
import type { Collector } from "./collector.ts";
import type { OutputTag } from "./output-tag.ts";
import type { RichFunction } from "./stream-functions.ts";

/** Keyed state inside a window function: of the window at hand, or of the key over all windows. */
export interface KeyedStateStore {
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>;
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>;
  getAggregatingState<In, Acc, Out>(descriptor: AggregatingStateDescriptor<In, Acc, Out>): AggregatingState<In, Out>;
}

/** What a window function learns besides the records, with state and side outputs. Valid during the call that it is given to. */
export interface ProcessWindowContext<W extends Window> {
  window(): W;
  currentProcessingTime(): number;
  currentWatermark(): number;
  /** Whether a late record caused this firing, the first for its pane included. Flink cannot tell. */
  isRefiring(): boolean;
  /**
   * State of this key and window; clear it in `clear`.
   * @throws JobError STATE_NOT_AVAILABLE for merging windows, whose identity changes.
   */
  windowState(): KeyedStateStore;
  /** State of this key over all windows. */
  globalState(): KeyedStateStore;
  output<S>(tag: OutputTag<S>, record: S): void;
}

/** What `process` of windows takes, as an object literal; the class `ProcessWindowFunction` fits it. */
export interface ProcessWindowFunctionLike<In, Out, K, W extends Window> extends RichFunction {
  process(key: K, context: ProcessWindowContext<W>, records: Iterable<In>, out: Collector<Out>): void;
  /** Called when the window is dropped: clears what was put into `windowState`. */
  clear?(key: K, context: Omit<ProcessWindowContext<W>, "isRefiring">): void;
}
/** What `process` of windows over the whole stream takes; the class `ProcessAllWindowFunction` fits it. */
export interface ProcessAllWindowFunctionLike<In, Out, W extends Window> extends RichFunction {
  process(context: ProcessWindowContext<W>, records: Iterable<In>, out: Collector<Out>): void;
  clear?(context: Omit<ProcessWindowContext<W>, "isRefiring">): void;
}
/** What `apply` of windows takes. */
export interface WindowFunction<In, Out, K, W extends Window> extends RichFunction {
  apply(key: K, window: W, records: Iterable<In>, out: Collector<Out>): void;
}
/** What `apply` of windows over the whole stream takes. */
export interface AllWindowFunction<In, Out, W extends Window> extends RichFunction {
  apply(window: W, records: Iterable<In>, out: Collector<Out>): void;
}
