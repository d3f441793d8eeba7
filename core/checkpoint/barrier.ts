/**
 * Why a snapshot is taken: for a checkpoint, which recovery goes back to; for a savepoint, which stands for itself; or for a savepoint with which the job stops, so that sources
 * emit nothing behind its barrier. Their order is part of the format of channels.
 */
export const SNAPSHOT_KINDS = ["checkpoint", "savepoint", "stop"] as const;
export type SnapshotKind = (typeof SNAPSHOT_KINDS)[number];

/** What flows with the records and says where a snapshot is taken. */
export interface Barrier {
  readonly checkpointId: number;
  readonly kind: SnapshotKind;
}
