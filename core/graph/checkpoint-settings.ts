import type { AsyncStorage } from "../host/storage.ts";

/** How a job takes checkpoints; every field is set, defaults live in the API. */
export interface CheckpointSettings {
  /** From the beginning of one to that of the next. */
  readonly intervalMs: number;
  /** One that is not complete by then is given up. */
  readonly timeoutMs: number;
  /** From the end of one to the beginning of the next. */
  readonly minPauseMs: number;
  /** How many are under way at a time. */
  readonly concurrentMax: number;
  /** How many in a row may fail without failing the job. */
  readonly failuresTolerated: number;
  /** How many completed ones are kept. */
  readonly retainedMax: number;
  readonly mode: "EXACTLY_ONCE" | "AT_LEAST_ONCE";
  /** What becomes of the last one when the job ends without having finished. */
  readonly retention: CheckpointRetention;
  /** Address of the storage, or the storage itself, where the job runs in place; undefined: memory that ends with the job. */
  readonly storage: string | AsyncStorage | undefined;
}

export type CheckpointRetention = "NO_EXTERNALIZED_CHECKPOINTS" | "DELETE_ON_CANCELLATION" | "RETAIN_ON_CANCELLATION";

/** What a job begins from, apart from its own last checkpoint, which comes first. */
export interface RecoverySettings {
  /** A savepoint, or its address. */
  readonly savepoint: string | Uint8Array | undefined;
  /** Whether state that no operator of the job claims is left out rather than refused. */
  readonly allowNonRestoredState: boolean;
}

/** Whether and when a job that failed begins again. */
export type RestartSettings =
  | { readonly type: "none" }
  | { readonly type: "fixed-delay"; readonly attempts: number; readonly delayMs: number }
  | {
      readonly type: "exponential-delay";
      readonly initialBackoffMs: number;
      readonly maxBackoffMs: number;
      readonly backoffMultiplier: number;
      /** After so long without a failure it is the initial one again. */
      readonly resetBackoffThresholdMs: number;
      /** The backoff is longer or shorter by this share of it at most, by chance. */
      readonly jitterFactor: number;
      /** Between two resets; Infinity: no bound. */
      readonly attemptsBeforeReset: number;
    }
  | { readonly type: "failure-rate"; readonly failuresPerIntervalMax: number; readonly intervalMs: number; readonly delayMs: number };
