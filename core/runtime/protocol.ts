import type { CheckpointReport } from "../checkpoint/checkpoint-report.ts";
import type { Barrier } from "../checkpoint/barrier.ts";
import type { StoredTaskSnapshot } from "../checkpoint/manifest.ts";
import type { AccumulatorData } from "../functions/accumulators.ts";
import type { JobGraphJson } from "../graph/fingerprint.ts";
import type { OperatorMetrics } from "../metrics/operator-metrics.ts";
import type { JobErrorData } from "../lib/error-data.ts";
import type { SavepointManner } from "./job-snapshots.ts";

/**
 * Every message between the parts of a cluster: plain data, which `structuredClone` takes. Decision 0011 says who they are and where they run.
 *
 * A job has lines of its own, which close with it: one from the submitter to the job master, one from there to each task manager, one between each two task
 * managers (link.ts), and one from each of them to the submitter for records (link.ts). So no message names the job.
 */

/** Both ends of a line are of one version, or do not talk: nothing here is read by another. */
export const PROTOCOL_VERSION = 2;

/** What names a job, wherever it is built again. */
export interface JobDescription {
  readonly id: string;
  /** Where the module lies, as the host imports it: an address, or a name that it knows. */
  readonly module: string;
  /** What the job is called that does not name itself. */
  readonly name: string | undefined;
  /** For the job function. */
  readonly args: unknown;
  /** For an environment that sets none. */
  readonly parallelism: number;
  /** Options for an environment that sets none of them itself; the API checks them. */
  readonly configuration: object;
}

/** How a cluster runs jobs. */
export interface ClusterSettings {
  /** Between two heartbeats, ms. */
  readonly heartbeatIntervalMs: number;
  /** Without an answer for so long, ms, whoever should give it is given up. */
  readonly heartbeatTimeoutMs: number;
  /** Longest time, ms, from the deployment of a job until all of its subtasks are there: modules are loaded and state is restored. */
  readonly deployTimeoutMs: number;
  /** Whether buffers go through shared memory where there is some, or are always carried. */
  readonly transport: "shared-memory" | "message";
}

/** As Flink's. */
export type ExecutionState =
  | "CREATED"
  | "SCHEDULED"
  | "DEPLOYING"
  | "INITIALIZING"
  | "RUNNING"
  | "FINISHED"
  | "CANCELING"
  | "CANCELED"
  | "FAILED";

/** What a worker says first, to whoever started it. */
export interface Hello {
  readonly kind: "hello";
  readonly protocol: number;
}

/** From whoever started a worker. */
export type ToWorker =
  /** Be the master of a job, in place of those that it has had since an epoch of its storage, if any. Carries the line to the submitter. */
  | { readonly kind: "lead"; readonly job: JobDescription; readonly settings: ClusterSettings; readonly since: number | undefined }
  /** Run subtasks of a job. Carries the lines to the job master and to the submitter, or says where they are to be got. */
  | { readonly kind: "join"; readonly at: { readonly address: string; readonly master: string; readonly records: string } | undefined };

/** A task manager that takes part in a job, as its master knows it. */
export interface Member {
  /** Within the cluster. */
  readonly taskManager: number;
  readonly slots: number;
  /** Where its host is found by `Network.connect`; absent where ports are carried. */
  readonly address: string | undefined;
}

/** From the submitter's side, where dispatcher and resource manager are, to a job master. */
export type ToMaster =
  /** Carries a line to each of them, in order. */
  | { readonly kind: "slots"; readonly members: readonly Member[] }
  | { readonly kind: "no-slots"; readonly error: JobErrorData }
  /** A task manager is gone, for the reason given. */
  | { readonly kind: "lost"; readonly taskManager: number; readonly reason: string }
  | { readonly kind: "heartbeat"; readonly count: number }
  | { readonly kind: "cancel" }
  | { readonly kind: "stop" }
  /** Of all source subtasks together. */
  | { readonly kind: "throttle"; readonly recordsPerSecond: number | undefined }
  /** How often to report, ms; undefined: no more. */
  | { readonly kind: "report"; readonly everyMs: number | undefined }
  | { readonly kind: "accumulators"; readonly request: number }
  | { readonly kind: "explain"; readonly request: number }
  /** Take a checkpoint now. */
  | { readonly kind: "checkpoint"; readonly request: number }
  | { readonly kind: "savepoint"; readonly request: number; readonly manner: SavepointManner; readonly directory: string | undefined };

/** From a job master. */
export type FromMaster =
  | { readonly kind: "heartbeat"; readonly count: number }
  /** The module was loaded and its graph is valid. From which epoch on the job is led, where another master finds in the storage what it goes on from. */
  | { readonly kind: "accepted"; readonly jobName: string; readonly plan: JobGraphJson; readonly since: number | undefined }
  | { readonly kind: "request-slots"; readonly slots: number }
  | { readonly kind: "running" }
  /** It does not answer: terminate it. */
  | { readonly kind: "dead"; readonly taskManager: number; readonly reason: string }
  | { readonly kind: "report"; readonly report: ReportData }
  /** Or why there are none. */
  | { readonly kind: "accumulators"; readonly request: number; readonly values: AccumulatorValues | JobErrorData }
  | { readonly kind: "explained"; readonly request: number; readonly text: string }
  | { readonly kind: "checkpointed"; readonly request: number; readonly outcome: number | JobErrorData }
  | { readonly kind: "savepoint-taken"; readonly request: number; readonly outcome: { readonly bytes: Uint8Array; readonly path: string | undefined } | JobErrorData }
  /** The last message. */
  | { readonly kind: "end"; readonly outcome: OutcomeData; readonly accumulators: AccumulatorValues; readonly report: ReportData };

/** From a job master to a task manager. */
export type ToTaskManager =
  | { readonly kind: "heartbeat"; readonly count: number }
  /** Carries a line to each peer, in order, where ports are carried. */
  | { readonly kind: "deploy"; readonly deployment: Deployment }
  | { readonly kind: "start" }
  | { readonly kind: "receive"; readonly vertex: number; readonly subtask: number; readonly message: ToReaderData }
  | { readonly kind: "stop" }
  /** Begin a checkpoint at the sources. */
  | { readonly kind: "trigger"; readonly barrier: Barrier }
  | { readonly kind: "checkpoint-completed"; readonly checkpointId: number }
  | { readonly kind: "checkpoint-aborted"; readonly checkpointId: number }
  /** Of each source subtask. */
  | { readonly kind: "throttle"; readonly recordsPerSecond: number | undefined }
  | { readonly kind: "ended" }
  | { readonly kind: "close" }
  | { readonly kind: "cancel" }
  | { readonly kind: "report" }
  /** Merge what you have into what others have, and give it on. */
  | { readonly kind: "accumulators"; readonly merged: readonly AccumulatorData[] };

/** From a task manager to a job master. */
export type FromTaskManager =
  | { readonly kind: "heartbeat"; readonly count: number }
  | { readonly kind: "state"; readonly vertex: number; readonly subtask: number; readonly state: ExecutionState; readonly error: JobErrorData | undefined }
  /** All of its subtasks are there, and its links are open. */
  | { readonly kind: "deployed" }
  | { readonly kind: "refused"; readonly error: JobErrorData }
  /** A subtask has stored its state. */
  | { readonly kind: "acknowledged"; readonly vertex: number; readonly subtask: number; readonly checkpointId: number; readonly stored: StoredTaskSnapshot }
  /** A subtask could not. */
  | { readonly kind: "declined"; readonly checkpointId: number; readonly error: JobErrorData }
  | { readonly kind: "to-enumerator"; readonly vertex: number; readonly subtask: number; readonly message: ToEnumeratorData }
  | { readonly kind: "ended" }
  | { readonly kind: "closed" }
  | { readonly kind: "canceled" }
  | { readonly kind: "report"; readonly metrics: readonly MetricsData[] }
  /** Or why they cannot be merged. */
  | { readonly kind: "accumulators"; readonly merged: readonly AccumulatorData[] | JobErrorData };

/** From a task manager to the submitter, on the line for records. */
export type FromRecordLine =
  /** A buffer of rows; one credit of the stream. */
  | { readonly kind: "results"; readonly stream: number; readonly name: string; readonly bytes: Uint8Array<ArrayBuffer> }
  /** A source subtask takes what is pushed under this name. */
  | { readonly kind: "inbox"; readonly inbox: number; readonly name: string }
  /** All records of a push have been taken. */
  | { readonly kind: "pushed"; readonly request: number };

/** From the submitter to a task manager, on the line for records. */
export type ToRecordLine =
  | { readonly kind: "credit"; readonly stream: number }
  | { readonly kind: "push"; readonly inbox: number; readonly request: number; readonly bytes: Uint8Array<ArrayBuffer> };

/** The share of a job that one task manager runs. */
export interface Deployment {
  readonly job: JobDescription;
  readonly settings: ClusterSettings;
  /** What the job master has built: a task manager that builds another one refuses. */
  readonly graph: JobGraphJson;
  /** Greater than that of every attempt before. */
  readonly attempt: number;
  /** The record of the checkpoint or savepoint that it begins from; its parts lie in the storage, where they are the job's own. */
  readonly restore: { readonly record: Uint8Array<ArrayBuffer>; readonly isOwn: boolean } | undefined;
  /** Which member runs it, by vertex, then subtask. */
  readonly placement: readonly (readonly number[])[];
  /** Index among the members. */
  readonly self: number;
  /** The other members, to which links lead. */
  readonly peers: readonly Peer[];
}

export interface Peer {
  /** Index among the members. */
  readonly member: number;
  readonly address: string | undefined;
  /** Names the line, for hosts that connect to an address. */
  readonly line: string;
}

/** Values as bytes: of a split by the type that the source gives it, of an event as values describe themselves. */
export type ToReaderData =
  | { readonly kind: "add-splits"; readonly splits: readonly Uint8Array[] }
  | { readonly kind: "no-more-splits" }
  | { readonly kind: "event"; readonly event: Uint8Array };
export type ToEnumeratorData = { readonly kind: "register" } | { readonly kind: "request-split" } | { readonly kind: "event"; readonly event: Uint8Array };

export type OutcomeData = { readonly status: "FINISHED" } | { readonly status: "CANCELED" } | { readonly status: "FAILED"; readonly error: JobErrorData };

/** By name, in the order in which the names came. */
export type AccumulatorValues = readonly (readonly [name: string, value: unknown])[];

export interface MetricsData {
  readonly operator: string;
  readonly uid: string;
  readonly subtask: number;
  readonly metrics: OperatorMetrics;
}

export interface SubtaskReport {
  readonly vertex: number;
  readonly subtask: number;
  /** The task manager that runs it; undefined where none has been found yet. */
  readonly taskManager: number | undefined;
  readonly state: ExecutionState;
}

export interface ReportData {
  readonly runningMs: number;
  readonly metrics: readonly MetricsData[];
  readonly subtasks: readonly SubtaskReport[];
  readonly checkpoints: CheckpointReport;
}
