import type { Duration } from "../lib/duration.ts";
import { JobError } from "../lib/errors.ts";
import { nearestName } from "../lib/nearest-name.ts";
import { show } from "../lib/show.ts";
import { MAX_PARALLELISM_LIMIT } from "../state/key-groups.ts";
import { CHECKPOINT_OPTION_NAMES, type CheckpointOptions, DEFAULT_CHECKPOINT_OPTIONS, type ResolvedCheckpointOptions, withCheckpointOption } from "./checkpoint-options.ts";
import { checkedCount, checkedTimeMs, oneOf } from "./option-values.ts";

/**
 * How a job runs. `STREAMING`, the default, emits results as they come. `BATCH` takes bounded input only, sorts it by key and
 * emits final results.
 * `AUTOMATIC` is `BATCH` where every source is bounded.
 *
 * @example
 * ```ts
 * import { RuntimeExecutionMode, StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.setRuntimeMode(RuntimeExecutionMode.BATCH);
 * const sums = env.fromElements(1, 2, 3).keyBy(() => "all").reduce((a, b) => a + b);
 * console.log(await sums.executeAndCollect().toArray()); // [ 6 ]
 * ```
 */
export const RuntimeExecutionMode = { STREAMING: "STREAMING", BATCH: "BATCH", AUTOMATIC: "AUTOMATIC" } as const;
export type RuntimeExecutionMode = (typeof RuntimeExecutionMode)[keyof typeof RuntimeExecutionMode];

/**
 * What an environment decides for all of its operators. Every option may be left out.
 *
 * @example
 * ```ts
 * import { type ExecutionOptions, StreamExecutionEnvironment } from "tamias";
 *
 * const options: ExecutionOptions = { parallelism: 2, bufferTimeout: 0 };
 * console.log(StreamExecutionEnvironment.getExecutionEnvironment(options).getParallelism()); // 2
 * ```
 */
export interface ExecutionOptions extends CheckpointOptions {
  /** Subtasks of each operator that sets none itself. Default 1. */
  readonly parallelism?: number | undefined;
  /**
   * Number of key groups, the bound on any later parallelism, at most 32768. Default: Flink's formula, 128 up to parallelism 85.
   */
  readonly maxParallelism?: number | undefined;
  /** Default `STREAMING`. */
  readonly runtimeMode?: RuntimeExecutionMode | undefined;
  /**
   * Longest wait of a record in a partly filled buffer between subtasks, ms or a Duration; 0 sends each at once. Default 10 ms.
   */
  readonly bufferTimeout?: number | Duration | undefined;
  /** Whether operators are fused where they can be. Default true. */
  readonly operatorChaining?: boolean | undefined;
  /**
   * Whether pending processing-time timers and windows fire when the input ends (`fire`, the default), or not, as in Flink
   * (`drop`).
   */
  readonly endOfInputTimers?: "fire" | "drop" | undefined;
  /** Timers and windows fired before the outputs are looked at again. Default 1024. */
  readonly firePanesPerTurn?: number | undefined;
  /** Bound in bytes on what BATCH sorts in memory, for each keyed operator subtask. Default 256 MiB. */
  readonly batchSortBytesMax?: number | undefined;
}

/** The options with every default filled in; `maxParallelism` stays undefined where the formula decides. */
export interface ResolvedOptions {
  readonly parallelism: number;
  readonly maxParallelism: number | undefined;
  readonly runtimeMode: RuntimeExecutionMode;
  readonly bufferTimeoutMs: number;
  readonly operatorChaining: boolean;
  readonly endOfInputTimers: "fire" | "drop";
  readonly firePanesPerTurn: number;
  readonly batchSortBytesMax: number;
  readonly checkpointOptions: ResolvedCheckpointOptions;
}

/** What an environment starts with. */
export const DEFAULT_OPTIONS: ResolvedOptions = {
  parallelism: 1,
  maxParallelism: undefined,
  runtimeMode: "STREAMING",
  bufferTimeoutMs: 10,
  operatorChaining: true,
  endOfInputTimers: "fire",
  firePanesPerTurn: 1024,
  batchSortBytesMax: 256 * 1024 * 1024,
  checkpointOptions: DEFAULT_CHECKPOINT_OPTIONS,
};

const READERS: { readonly [Name in Exclude<keyof ExecutionOptions, keyof CheckpointOptions>]-?: (value: unknown) => Partial<ResolvedOptions> } = {
  parallelism: (value) => ({ parallelism: checkedParallelism("parallelism", value) }),
  maxParallelism: (value) => ({ maxParallelism: checkedParallelism("maxParallelism", value) }),
  runtimeMode: (value) => ({ runtimeMode: oneOf("runtimeMode", value, ["STREAMING", "BATCH", "AUTOMATIC"]) }),
  bufferTimeout: (value) => ({ bufferTimeoutMs: checkedTimeMs("bufferTimeout", value) }),
  operatorChaining: (value) => ({ operatorChaining: oneOf("operatorChaining", value, [true, false]) }),
  endOfInputTimers: (value) => ({ endOfInputTimers: oneOf("endOfInputTimers", value, ["fire", "drop"]) }),
  firePanesPerTurn: (value) => ({ firePanesPerTurn: checkedCount("firePanesPerTurn", value) }),
  batchSortBytesMax: (value) => ({ batchSortBytesMax: checkedCount("batchSortBytesMax", value) }),
};

/**
 * Lays options over others; one that is undefined changes nothing.
 *
 * @throws JobError UNKNOWN_OPTION with the nearest name; INVALID_ARGUMENT for a value that the option does not take.
 */
export function mergeOptions(base: ResolvedOptions, options: ExecutionOptions): ResolvedOptions {
  if (typeof options !== "object" || options === null) {
    throw new JobError("INVALID_ARGUMENT", `options are an object such as { parallelism: 2 }, but got ${show(options)}`);
  }
  let merged = base;
  for (const [name, value] of Object.entries(options)) {
    if (CHECKPOINT_OPTION_NAMES.includes(name)) {
      if (value !== undefined) merged = { ...merged, checkpointOptions: withCheckpointOption(merged.checkpointOptions, name, value) };
    } else if (!Object.hasOwn(READERS, name)) throw unknownOption(name);
    else if (value !== undefined) merged = { ...merged, ...READERS[name as keyof typeof READERS](value) };
  }
  return merged;
}

/** @throws JobError INVALID_ARGUMENT unless it is a whole number within 1…32768. */
export function checkedParallelism(name: string, value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && 1 <= value && value <= MAX_PARALLELISM_LIMIT) return value;
  throw new JobError(
    "INVALID_ARGUMENT",
    `${name} must be a whole number from 1 to ${MAX_PARALLELISM_LIMIT}, but is ${show(value)}`,
  );
}

function unknownOption(name: string): JobError {
  const known = Object.keys(READERS);
  const nearest = nearestName(name, [...known, ...CHECKPOINT_OPTION_NAMES]);
  const advice = nearest === undefined ? `the options are ${known.join(", ")}, and those of CheckpointOptions` : `did you mean "${nearest}"?`;
  return new JobError("UNKNOWN_OPTION", `there is no option "${name}": ${advice}`);
}
