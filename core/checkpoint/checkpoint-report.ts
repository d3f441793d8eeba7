import type { SnapshotKind } from "./barrier.ts";

/** What one complete checkpoint has cost. */
export interface CheckpointStatistics {
  readonly checkpointId: number;
  readonly kind: SnapshotKind;
  /** From its trigger until it was durable. */
  readonly durationMs: number;
  /** Longest wait of a subtask's channels for the last barrier. */
  readonly alignmentMs: number;
  /** Longest time that a subtask stood still to take its state. */
  readonly syncMs: number;
  /** Of the state as it is stored. */
  readonly stateBytes: number;
  /** Of what was new. */
  readonly writtenBytes: number;
}

/** The checkpoints and savepoints of a job. */
export interface CheckpointReport {
  readonly completed: number;
  readonly failed: number;
  /** How often an attempt began from a checkpoint or savepoint. */
  readonly restored: number;
  readonly last: CheckpointStatistics | undefined;
  readonly lastFailure: string | undefined;
}
