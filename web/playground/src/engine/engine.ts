import type { ClusterJobClient } from "tamias";
import type { HourOfDelays, Tally } from "../../../../examples/flights/delays.ts";
import type { HourBars } from "./hour-book.ts";

/** What the page asks of the engine, which lives in a worker. Every call but `frame` answers when it is done; nothing is sent unless it is asked for. */
export interface Engine {
  /** Comes first: where the workers of the cluster come from. */
  takeWorkersFrom(page: MessagePort): void;
  /** Begins a run; one that is under way is canceled first. */
  start(options: RunOptions): Promise<void>;
  pause(): void;
  resume(): void;
  /** Records a second, all sources together; undefined: as fast as it can. */
  setRate(rate: number | undefined): void;
  /** A job has as many subtasks as it began with: one that is under way begins again. */
  setWorkers(workers: number): Promise<void>;
  /** Ends with drain: sources end, windows fire, the job finishes. */
  stop(): Promise<void>;
  /** Ends as it stands. */
  cancel(): Promise<void>;
  /** What is to be drawn now, without what the page has seen. The page asks at most once a frame, and not before it has the last answer. */
  frame(seen: Seen): Frame;
}

export interface RunOptions {
  readonly url: string;
  readonly rowGroups: number;
  readonly isLooped: boolean;
  readonly workers: number;
  readonly rate: number | undefined;
}

/** The chains of a job, and what connects them. */
export type JobPlan = ClusterJobClient["plan"];

/** Number of the run, and of its sample, that the page has; −1: none. */
export interface Seen {
  readonly run: number;
  readonly sample: number;
}

export type Phase = "ready" | "loading" | "running" | "paused" | "stopping" | "finished" | "canceled" | "failed";

export interface Frame {
  readonly phase: Phase;
  readonly run: number;
  /** Where the run is new to the page. */
  readonly plan?: JobPlan;
  readonly loading?: { readonly rowsRead: number; readonly rowsTotal: number };
  readonly hours?: HourBars;
  /** Where there is a newer one. */
  readonly sample?: Sample;
  readonly failure?: Failure;
  /** The job's last word, where it has finished. */
  readonly summary?: Tally;
}

/** What happened and what to do. */
export interface Failure {
  readonly message: string;
}

/** The job at one moment, taken five times a second. */
export interface Sample {
  readonly number: number;
  /** Since the run began, ms. */
  readonly at: number;
  /** Since the first record was read, ms. */
  readonly readingMs: number;
  readonly recordsRead: number;
  readonly recordsPerSecond: number;
  /** The newest event time that was read, ms since the epoch; −∞ before the first record. */
  readonly newest: number;
  /** What all windows have taken, ms since the epoch; −∞ before the first one. */
  readonly watermark: number;
  readonly windowsFired: number;
  readonly late: LateCounts;
  /** By vertex, as in the plan. */
  readonly vertices: readonly VertexSample[];
  /** The newest result of each of the airports with most flights. */
  readonly airports: readonly HourOfDelays[];
}

export interface LateCounts {
  /** Came after their window had fired, within the allowed lateness. */
  readonly kept: number;
  readonly refirings: number;
  /** Came later still, into the side output. */
  readonly tooLate: number;
}

export interface VertexSample {
  readonly recordsPerSecond: number;
  readonly subtasks: readonly SubtaskSample[];
}

/** Shares of the last second, from 0 to 1; what is left of 1 is time in which the subtask waited for its turn on the thread. */
export interface SubtaskSample {
  readonly recordsPerSecond: number;
  readonly busy: number;
  readonly backpressured: number;
  readonly idle: number;
  readonly watermark: number;
}
