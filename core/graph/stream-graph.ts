import type { ExecutionMode, OperatorFactory } from "../operators/operator.ts";
import type { CheckpointSettings, RecoverySettings, RestartSettings } from "./checkpoint-settings.ts";
import type { EnumeratorFactory } from "./source-coordination.ts";

/** The job as it was written: a graph of operators. It is data; the factories in it hold the user's functions and never cross a wire. */

/** How records choose among the subtasks of the next operator. Custom partitioners see the parallelism at run time. */
export type Partitioner =
  | { readonly kind: "forward" | "rebalance" | "rescale" | "shuffle" | "broadcast" | "global" }
  | { readonly kind: "hash"; readonly keyOf: (record: never) => unknown }
  | { readonly kind: "custom"; readonly partition: (key: never, parallelism: number) => number; readonly keyOf: (record: never) => unknown };

export interface StreamEdge {
  /** Id of the node that emits. */
  readonly from: number;
  /** Which input of the receiving operator: 0, or 1 for the second input of connected streams. Several edges to one input are a union. */
  readonly input: number;
  /** Undefined until chosen: forward where the parallelisms are equal, else rebalance. */
  readonly partitioner: Partitioner | undefined;
  /** Id of the side output this edge reads, undefined for the main output. */
  readonly sideOutput: string | undefined;
}

/** `always`: fuses with its input where it can; `head`: starts a chain, others may follow; `never`: stands alone. */
export type Chaining = "always" | "head" | "never";

/** One operator as it was written. What users can set after it was made is not readonly. */
export interface StreamNode {
  readonly id: number;
  name: string;
  /** Set by the user; must be unique. Otherwise a stable one is derived from the graph. */
  uid: string | undefined;
  readonly factory: OperatorFactory;
  readonly inputs: readonly StreamEdge[];
  /** Undefined means the job's default. */
  parallelism: number | undefined;
  /** Set where an operator can only run in one instance (`windowAll`, `fromElements`). */
  readonly parallelismMax: 1 | undefined;
  maxParallelism: number | undefined;
  chaining: Chaining;
  /** Extracts the key for each input of a keyed operator; undefined for operators without keys. */
  readonly keys: readonly ((record: never) => unknown)[] | undefined;
  /** Present on sources: makes the split enumerator. */
  readonly enumerator: EnumeratorFactory | undefined;
  /** Whether records carry event timestamps here, as far as the graph can tell: `unknown` behind a source that may bring its own. */
  readonly timestamps: "assigned" | "none" | "unknown";
  /** The fields of all records of its main output, where the graph can tell. */
  readonly columnNames?: readonly string[] | undefined;
}

/** Everything that runs a job: settings and graph. */
export interface StreamGraph {
  readonly jobName: string;
  readonly nodes: readonly StreamNode[];
  readonly settings: JobSettings;
}

/** What the environment decides for the whole job; every field is set, defaults live in the API. */
export interface JobSettings {
  readonly parallelism: number;
  /** Undefined means Flink's formula from each operator's parallelism. */
  readonly maxParallelism: number | undefined;
  readonly mode: ExecutionMode;
  /** Longest wait of a record in a partly filled buffer, ms; 0 sends every record at once. */
  readonly bufferTimeoutMs: number;
  readonly chaining: boolean;
  readonly endOfInputTimers: "fire" | "drop";
  readonly firePanesPerTurn: number;
  /** Bound on what BATCH sorts in memory per keyed operator subtask, bytes. */
  readonly batchSortBytesMax: number;
  /** Undefined: none. */
  readonly checkpointing: CheckpointSettings | undefined;
  readonly restart: RestartSettings;
  readonly recovery: RecoverySettings;
}
