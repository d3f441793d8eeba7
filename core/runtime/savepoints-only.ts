import type { CheckpointSettings } from "../graph/checkpoint-settings.ts";

/** Of a job that takes no checkpoints: savepoints can be taken of it all the same. */
export const SAVEPOINTS_ONLY: CheckpointSettings = {
  intervalMs: Infinity,
  timeoutMs: 600_000,
  minPauseMs: 0,
  concurrentMax: 1,
  failuresTolerated: Infinity,
  retainedMax: 1,
  mode: "EXACTLY_ONCE",
  retention: "NO_EXTERNALIZED_CHECKPOINTS",
  storage: undefined,
};
