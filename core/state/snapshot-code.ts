/** State as it is stored: one part. */
export { KeyedSnapshots } from "./keyed-snapshots.ts";
export { RestoredOperatorState, writeOperatorState } from "./operator-snapshot.ts";
