import type { ListStateDescriptor } from "../state/descriptors.ts";
import type { OperatorListState } from "../state/operator-state.ts";

/** State of a function that belongs to a subtask, not to a key. */
export interface OperatorStateStore {
  /** The list of this name; after a restore it holds what the last snapshot held. */
  getListState<T>(descriptor: ListStateDescriptor<T>): OperatorListState<T>;
}

/** What a function gets before it runs: its operator state, restored where there was a snapshot. */
/** What a function sees when its subtask starts. */
export interface FunctionInitializationContext {
  /** Whether the subtask starts from a snapshot. */
  isRestored(): boolean;
  getOperatorStateStore(): OperatorStateStore;
}

/** Which checkpoint a function is asked to put its state into. */
/** What a function sees right before a snapshot. */
export interface FunctionSnapshotContext {
  getCheckpointId(): number;
}

/**
 * What a function may have on top of its own method to keep operator state, as Flink's CheckpointedFunction: `initializeState` runs once per subtask
 * before `open`; `snapshotState` right before each snapshot, to move into the list what fields hold.
 *
 * Fields are shared by the subtasks of one process, so a function with `snapshotState` runs at parallelism 1 there; the list states alone, read and
 * written directly, work at any parallelism.
 */
export interface CheckpointedFunction {
  initializeState?(context: FunctionInitializationContext): void;
  snapshotState?(context: FunctionSnapshotContext): void;
}
