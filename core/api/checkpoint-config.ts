import type { CheckpointRetention } from "../graph/checkpoint-settings.ts";
import type { AsyncStorage } from "../host/storage.ts";
import type { CheckpointOptions, ResolvedCheckpointOptions } from "./checkpoint-options.ts";
import type { TimeSpan } from "./option-values.ts";

/** @example `env.enableCheckpointing(1_000, CheckpointingMode.AT_LEAST_ONCE)` */
export const CheckpointingMode = { EXACTLY_ONCE: "EXACTLY_ONCE", AT_LEAST_ONCE: "AT_LEAST_ONCE" } as const;
export type CheckpointingMode = (typeof CheckpointingMode)[keyof typeof CheckpointingMode];

/** What becomes of the last checkpoint of a job that ends without having finished. */
export const ExternalizedCheckpointRetention = {
  NO_EXTERNALIZED_CHECKPOINTS: "NO_EXTERNALIZED_CHECKPOINTS",
  DELETE_ON_CANCELLATION: "DELETE_ON_CANCELLATION",
  RETAIN_ON_CANCELLATION: "RETAIN_ON_CANCELLATION",
} as const;
export type ExternalizedCheckpointRetention = CheckpointRetention;

/** What a config reads and changes: the options of its environment. */
export interface CheckpointOptionsHolder {
  readonly checkpointOptions: ResolvedCheckpointOptions;
  configure(options: CheckpointOptions): unknown;
}

/**
 * How the jobs of an environment take checkpoints, under Flink's names. Each setter throws JobError INVALID_ARGUMENT for a value that cannot be.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.enableCheckpointing(1_000);
 * env.getCheckpointConfig().setCheckpointTimeout(30_000).setTolerableCheckpointFailureNumber(2);
 * console.log(env.getCheckpointConfig().isCheckpointingEnabled()); // true
 * ```
 */
export class CheckpointConfig {
  readonly #holder: CheckpointOptionsHolder;

  constructor(holder: CheckpointOptionsHolder) {
    this.#holder = holder;
  }

  isCheckpointingEnabled(): boolean {
    return this.getCheckpointInterval() !== undefined;
  }

  /** ms; undefined where no checkpoints are taken. */
  getCheckpointInterval(): number | undefined {
    return this.#options["execution.checkpointing.interval"];
  }

  setCheckpointInterval(interval: TimeSpan): this {
    return this.#set({ "execution.checkpointing.interval": interval });
  }

  getCheckpointingConsistencyMode(): CheckpointingMode {
    return this.#options["execution.checkpointing.mode"];
  }

  setCheckpointingConsistencyMode(mode: CheckpointingMode): this {
    return this.#set({ "execution.checkpointing.mode": mode });
  }

  /** ms */
  getCheckpointTimeout(): number {
    return this.#options["execution.checkpointing.timeout"];
  }

  setCheckpointTimeout(timeout: TimeSpan): this {
    return this.#set({ "execution.checkpointing.timeout": timeout });
  }

  /** ms */
  getMinPauseBetweenCheckpoints(): number {
    return this.#options["execution.checkpointing.min-pause"];
  }

  setMinPauseBetweenCheckpoints(minPause: TimeSpan): this {
    return this.#set({ "execution.checkpointing.min-pause": minPause });
  }

  getMaxConcurrentCheckpoints(): number {
    return this.#options["execution.checkpointing.max-concurrent-checkpoints"];
  }

  setMaxConcurrentCheckpoints(count: number): this {
    return this.#set({ "execution.checkpointing.max-concurrent-checkpoints": count });
  }

  getTolerableCheckpointFailureNumber(): number {
    return this.#options["execution.checkpointing.tolerable-failed-checkpoints"];
  }

  setTolerableCheckpointFailureNumber(count: number): this {
    return this.#set({ "execution.checkpointing.tolerable-failed-checkpoints": count });
  }

  getExternalizedCheckpointRetention(): ExternalizedCheckpointRetention {
    return this.#options["execution.checkpointing.externalized-checkpoint-retention"];
  }

  setExternalizedCheckpointRetention(retention: ExternalizedCheckpointRetention): this {
    return this.#set({ "execution.checkpointing.externalized-checkpoint-retention": retention });
  }

  /** Undefined: memory that ends with the job. */
  getCheckpointStorage(): string | AsyncStorage | undefined {
    return this.#options["execution.checkpointing.dir"];
  }

  /** An address such as `file:./checkpoints` of a storage that the host has, or the storage itself, for jobs in place. */
  setCheckpointStorage(storage: string | AsyncStorage): this {
    return this.#set({ "execution.checkpointing.dir": storage });
  }

  get #options(): ResolvedCheckpointOptions {
    return this.#holder.checkpointOptions;
  }

  #set(options: CheckpointOptions): this {
    this.#holder.configure(options);
    return this;
  }
}
