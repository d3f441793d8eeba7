import type { CheckpointRetention, CheckpointSettings, RecoverySettings, RestartSettings } from "../graph/checkpoint-settings.ts";
import type { AsyncStorage } from "../host/storage.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { checkedCount, checkedTimeMs, oneOf, type TimeSpan } from "./option-values.ts";

/**
 * How a job takes checkpoints and begins again after a failure, under the names of Flink's options, with Flink's defaults. Every option may be left out.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment({
 *   "execution.checkpointing.interval": "10 s",
 *   "restart-strategy.type": "fixed-delay",
 *   "restart-strategy.fixed-delay.attempts": 3,
 * });
 * console.log(env.getCheckpointConfig().getCheckpointInterval()); // 10000
 * ```
 */
export interface CheckpointOptions {
  /** From the beginning of one checkpoint to that of the next, 10 ms at least. Default: no checkpoints are taken. */
  readonly "execution.checkpointing.interval"?: TimeSpan | undefined;
  /** Default `EXACTLY_ONCE`. */
  readonly "execution.checkpointing.mode"?: "EXACTLY_ONCE" | "AT_LEAST_ONCE" | undefined;
  /** A checkpoint that takes longer is given up. Default 10 min. */
  readonly "execution.checkpointing.timeout"?: TimeSpan | undefined;
  /** From the end of one checkpoint to the beginning of the next, at least. Default 0. */
  readonly "execution.checkpointing.min-pause"?: TimeSpan | undefined;
  /** How many checkpoints are under way at a time. Default 1. */
  readonly "execution.checkpointing.max-concurrent-checkpoints"?: number | undefined;
  /** How many checkpoints in a row may fail before the job does. Default: as many as do, each with a warning (Flink: 0). */
  readonly "execution.checkpointing.tolerable-failed-checkpoints"?: number | undefined;
  /**
   * What becomes of the last checkpoint when the job ends: by default it is removed; `DELETE_ON_CANCELLATION` keeps that of a job that failed, `RETAIN_ON_CANCELLATION` that of a job
   * that was canceled as well. A job that finishes removes it always; one whose process dies, never.
   */
  readonly "execution.checkpointing.externalized-checkpoint-retention"?: CheckpointRetention | undefined;
  /** How many completed checkpoints are kept, to fall back on where the last one is damaged. Default 1. */
  readonly "execution.checkpointing.num-retained"?: number | undefined;
  /** Where checkpoints are kept: an address such as `file:./checkpoints` of a storage that the host has, or the storage itself, for a job in place. Default: memory, which ends with the job. */
  readonly "execution.checkpointing.dir"?: string | AsyncStorage | undefined;
  /** The savepoint that the job begins from, unless it has a checkpoint of its own already: its address, or its bytes, as a file that was uploaded. */
  readonly "execution.state-recovery.path"?: string | Uint8Array | undefined;
  /** Whether state that no operator of the job claims is left out rather than refused. Default false. */
  readonly "execution.state-recovery.ignore-unclaimed-state"?: boolean | undefined;
  /** Default: `exponential-delay` where checkpoints are taken, else `none`. User errors are final whatever it is. */
  readonly "restart-strategy.type"?: "none" | "disable" | "off" | "fixed-delay" | "exponential-delay" | "failure-rate" | undefined;
  /** Default 1. */
  readonly "restart-strategy.fixed-delay.attempts"?: number | undefined;
  /** Default 1 s. */
  readonly "restart-strategy.fixed-delay.delay"?: TimeSpan | undefined;
  /** Default 1 s. */
  readonly "restart-strategy.exponential-delay.initial-backoff"?: TimeSpan | undefined;
  /** Default 1 min. */
  readonly "restart-strategy.exponential-delay.max-backoff"?: TimeSpan | undefined;
  /** Default 1.5. */
  readonly "restart-strategy.exponential-delay.backoff-multiplier"?: number | undefined;
  /** A job that ran for so long begins with the initial backoff again. Default 1 h. */
  readonly "restart-strategy.exponential-delay.reset-backoff-threshold"?: TimeSpan | undefined;
  /** Default 0.1. */
  readonly "restart-strategy.exponential-delay.jitter-factor"?: number | undefined;
  /** Default: no bound. */
  readonly "restart-strategy.exponential-delay.attempts-before-reset-backoff"?: number | undefined;
  /** Default 1. */
  readonly "restart-strategy.failure-rate.max-failures-per-interval"?: number | undefined;
  /** Default 1 min. */
  readonly "restart-strategy.failure-rate.failure-rate-interval"?: TimeSpan | undefined;
  /** Default 1 s. */
  readonly "restart-strategy.failure-rate.delay"?: TimeSpan | undefined;
}

/** The options with defaults and checked values. */
export type ResolvedCheckpointOptions = { readonly [Name in keyof CheckpointOptions]-?: CheckpointValues[Name] };

interface CheckpointValues extends Record<keyof CheckpointOptions, unknown> {
  readonly "execution.checkpointing.interval": number | undefined;
  readonly "execution.checkpointing.mode": "EXACTLY_ONCE" | "AT_LEAST_ONCE";
  readonly "execution.checkpointing.timeout": number;
  readonly "execution.checkpointing.min-pause": number;
  readonly "execution.checkpointing.max-concurrent-checkpoints": number;
  readonly "execution.checkpointing.tolerable-failed-checkpoints": number;
  readonly "execution.checkpointing.externalized-checkpoint-retention": CheckpointRetention;
  readonly "execution.checkpointing.num-retained": number;
  readonly "execution.checkpointing.dir": string | AsyncStorage | undefined;
  readonly "execution.state-recovery.path": string | Uint8Array | undefined;
  readonly "execution.state-recovery.ignore-unclaimed-state": boolean;
  readonly "restart-strategy.type": NonNullable<CheckpointOptions["restart-strategy.type"]> | undefined;
  readonly "restart-strategy.fixed-delay.attempts": number;
  readonly "restart-strategy.fixed-delay.delay": number;
  readonly "restart-strategy.exponential-delay.initial-backoff": number;
  readonly "restart-strategy.exponential-delay.max-backoff": number;
  readonly "restart-strategy.exponential-delay.backoff-multiplier": number;
  readonly "restart-strategy.exponential-delay.reset-backoff-threshold": number;
  readonly "restart-strategy.exponential-delay.jitter-factor": number;
  readonly "restart-strategy.exponential-delay.attempts-before-reset-backoff": number;
  readonly "restart-strategy.failure-rate.max-failures-per-interval": number;
  readonly "restart-strategy.failure-rate.failure-rate-interval": number;
  readonly "restart-strategy.failure-rate.delay": number;
}

export const DEFAULT_CHECKPOINT_OPTIONS: ResolvedCheckpointOptions = {
  "execution.checkpointing.interval": undefined,
  "execution.checkpointing.mode": "EXACTLY_ONCE",
  "execution.checkpointing.timeout": 600_000,
  "execution.checkpointing.min-pause": 0,
  "execution.checkpointing.max-concurrent-checkpoints": 1,
  "execution.checkpointing.tolerable-failed-checkpoints": Infinity,
  "execution.checkpointing.externalized-checkpoint-retention": "NO_EXTERNALIZED_CHECKPOINTS",
  "execution.checkpointing.num-retained": 1,
  "execution.checkpointing.dir": undefined,
  "execution.state-recovery.path": undefined,
  "execution.state-recovery.ignore-unclaimed-state": false,
  "restart-strategy.type": undefined,
  "restart-strategy.fixed-delay.attempts": 1,
  "restart-strategy.fixed-delay.delay": 1_000,
  "restart-strategy.exponential-delay.initial-backoff": 1_000,
  "restart-strategy.exponential-delay.max-backoff": 60_000,
  "restart-strategy.exponential-delay.backoff-multiplier": 1.5,
  "restart-strategy.exponential-delay.reset-backoff-threshold": 3_600_000,
  "restart-strategy.exponential-delay.jitter-factor": 0.1,
  "restart-strategy.exponential-delay.attempts-before-reset-backoff": Infinity,
  "restart-strategy.failure-rate.max-failures-per-interval": 1,
  "restart-strategy.failure-rate.failure-rate-interval": 60_000,
  "restart-strategy.failure-rate.delay": 1_000,
};

const RETENTIONS = ["NO_EXTERNALIZED_CHECKPOINTS", "DELETE_ON_CANCELLATION", "RETAIN_ON_CANCELLATION"] as const;
const STRATEGIES = ["none", "disable", "off", "fixed-delay", "exponential-delay", "failure-rate"] as const;
/** As in Flink: shorter ones would do nothing but checkpoints. */
const INTERVAL_MS_MIN = 10;

const time = (value: unknown, name: string): number => checkedTimeMs(name, value);
const count = (value: unknown, name: string): number => checkedCount(name, value);

/** By option, what checks its value. */
const CHECKS: { readonly [Name in keyof CheckpointOptions]-?: (value: unknown, name: string) => CheckpointValues[Name] } = {
  "execution.checkpointing.interval": (value, name) => checkedTimeMs(name, value, INTERVAL_MS_MIN),
  "execution.checkpointing.mode": (value, name) => oneOf(name, value, ["EXACTLY_ONCE", "AT_LEAST_ONCE"]),
  "execution.checkpointing.timeout": (value, name) => checkedTimeMs(name, value, INTERVAL_MS_MIN),
  "execution.checkpointing.min-pause": time,
  "execution.checkpointing.max-concurrent-checkpoints": count,
  "execution.checkpointing.tolerable-failed-checkpoints": (value, name) => checkedCount(name, value, 0),
  "execution.checkpointing.externalized-checkpoint-retention": (value, name) => oneOf(name, value, RETENTIONS),
  "execution.checkpointing.num-retained": count,
  "execution.checkpointing.dir": checkedStorage,
  "execution.state-recovery.path": (value, name) => (value instanceof Uint8Array ? value : checkedAddress(value, name)),
  "execution.state-recovery.ignore-unclaimed-state": (value, name) => oneOf(name, value, [true, false]),
  "restart-strategy.type": (value, name) => oneOf(name, value, STRATEGIES),
  "restart-strategy.fixed-delay.attempts": count,
  "restart-strategy.fixed-delay.delay": time,
  "restart-strategy.exponential-delay.initial-backoff": (value, name) => checkedTimeMs(name, value, 1),
  "restart-strategy.exponential-delay.max-backoff": (value, name) => checkedTimeMs(name, value, 1),
  "restart-strategy.exponential-delay.backoff-multiplier": (value, name) => checkedNumber(name, value, 1, Infinity),
  "restart-strategy.exponential-delay.reset-backoff-threshold": (value, name) => checkedTimeMs(name, value, 1),
  "restart-strategy.exponential-delay.jitter-factor": (value, name) => checkedNumber(name, value, 0, 1),
  "restart-strategy.exponential-delay.attempts-before-reset-backoff": (value, name) => (value === Infinity ? Infinity : checkedCount(name, value)),
  "restart-strategy.failure-rate.max-failures-per-interval": count,
  "restart-strategy.failure-rate.failure-rate-interval": (value, name) => checkedTimeMs(name, value, 1),
  "restart-strategy.failure-rate.delay": time,
};

export const CHECKPOINT_OPTION_NAMES: readonly string[] = Object.keys(CHECKS);

/** @throws JobError INVALID_ARGUMENT */
export function withCheckpointOption(options: ResolvedCheckpointOptions, name: string, value: unknown): ResolvedCheckpointOptions {
  return { ...options, [name]: CHECKS[name as keyof CheckpointOptions](value, name) };
}

/** What the engine is told of them. */
export function checkpointSettings(options: ResolvedCheckpointOptions): {
  readonly checkpointing: CheckpointSettings | undefined;
  readonly restart: RestartSettings;
  readonly recovery: RecoverySettings;
} {
  const intervalMs = options["execution.checkpointing.interval"];
  const minPauseMs = options["execution.checkpointing.min-pause"];
  return {
    checkpointing:
      intervalMs === undefined
        ? undefined
        : {
            intervalMs,
            minPauseMs,
            timeoutMs: options["execution.checkpointing.timeout"],
            // As in Flink: a pause between two means that there is one at a time.
            concurrentMax: 0 < minPauseMs ? 1 : options["execution.checkpointing.max-concurrent-checkpoints"],
            failuresTolerated: options["execution.checkpointing.tolerable-failed-checkpoints"],
            retainedMax: options["execution.checkpointing.num-retained"],
            mode: options["execution.checkpointing.mode"],
            retention: options["execution.checkpointing.externalized-checkpoint-retention"],
            storage: options["execution.checkpointing.dir"],
          },
    restart: restartSettings(options, intervalMs !== undefined),
    recovery: {
      savepoint: options["execution.state-recovery.path"],
      allowNonRestoredState: options["execution.state-recovery.ignore-unclaimed-state"],
    },
  };
}

function restartSettings(options: ResolvedCheckpointOptions, isCheckpointed: boolean): RestartSettings {
  const type = options["restart-strategy.type"] ?? (isCheckpointed ? "exponential-delay" : "none");
  switch (type) {
    case "fixed-delay":
      return { type, attempts: options["restart-strategy.fixed-delay.attempts"], delayMs: options["restart-strategy.fixed-delay.delay"] };
    case "exponential-delay":
      return {
        type,
        initialBackoffMs: options["restart-strategy.exponential-delay.initial-backoff"],
        maxBackoffMs: options["restart-strategy.exponential-delay.max-backoff"],
        backoffMultiplier: options["restart-strategy.exponential-delay.backoff-multiplier"],
        resetBackoffThresholdMs: options["restart-strategy.exponential-delay.reset-backoff-threshold"],
        jitterFactor: options["restart-strategy.exponential-delay.jitter-factor"],
        attemptsBeforeReset: options["restart-strategy.exponential-delay.attempts-before-reset-backoff"],
      };
    case "failure-rate":
      return {
        type,
        failuresPerIntervalMax: options["restart-strategy.failure-rate.max-failures-per-interval"],
        intervalMs: options["restart-strategy.failure-rate.failure-rate-interval"],
        delayMs: options["restart-strategy.failure-rate.delay"],
      };
    default:
      return { type: "none" };
  }
}

function checkedStorage(value: unknown, name: string): string | AsyncStorage {
  if (typeof value === "object" && value !== null && typeof (value as Partial<AsyncStorage>).putIfAbsent === "function") return value as AsyncStorage;
  return checkedAddress(value, name);
}

function checkedAddress(value: unknown, name: string): string {
  if (typeof value === "string" && /^[a-z][a-z0-9]*:/.test(value)) return value;
  throw new JobError("INVALID_ARGUMENT", `${name} must be an address with a scheme, such as "file:./checkpoints", but is ${show(value)}`);
}

function checkedNumber(name: string, value: unknown, least: number, most: number): number {
  if (typeof value === "number" && least <= value && value <= most) return value;
  throw new JobError("INVALID_ARGUMENT", `${name} must be a number ${most === Infinity ? `, ${least} or more` : `from ${least} to ${most}`}, but is ${show(value)}`);
}
