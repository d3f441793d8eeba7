import type { Accumulator } from "./accumulator.ts";
import type { AggregatingState, ListState, MapState, ReducingState, ValueState } from "../state/state.ts";
import type {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from "../state/descriptors.ts";

/**
 * What a user function can ask of the runtime. Where several subtasks of an operator run in one process they share the function object; the context and
 * every state handle that it gives always speak for the subtask that is running.
 */
export interface RuntimeContext {
  getJobName(): string;
  getTaskName(): string;
  getIndexOfThisSubtask(): number;
  getNumberOfParallelSubtasks(): number;
  getMaxNumberOfParallelSubtasks(): number;
  getAttemptNumber(): number;
  /** @throws JobError STATE_NOT_AVAILABLE on a stream without keys; STATE_TYPE_CONFLICT when the name has another kind or type. */
  getState<T>(descriptor: ValueStateDescriptor<T>): ValueState<T>;
  getListState<T>(descriptor: ListStateDescriptor<T>): ListState<T>;
  getMapState<K, V>(descriptor: MapStateDescriptor<K, V>): MapState<K, V>;
  getReducingState<T>(descriptor: ReducingStateDescriptor<T>): ReducingState<T>;
  getAggregatingState<In, Acc, Out>(descriptor: AggregatingStateDescriptor<In, Acc, Out>): AggregatingState<In, Out>;
  addAccumulator(name: string, accumulator: Accumulator<never, unknown>): void;
}
