import type { Results } from "./tally.ts";
import type { Work } from "./works.ts";

/**
 * One way to do the works. Each file in variants/ exports one as `variant`; a new file there is a new column of the table.
 */
export interface Variant {
  /** What floors and `--only` call it; the name of its file. */
  readonly name: string;
  readonly title: string;
  /** Where its column stands, ascending. */
  readonly order: number;
  /** What it is and what it leaves out, one sentence for the report. */
  readonly note: string;
  /** Why it cannot do the work; undefined where it can. */
  refuses(work: Work): string | undefined;
  /** The most events that it can hold; absent where there is no such bound. */
  readonly eventsMax?: number;
  /** Gets ready and warm, untimed; the run that it returns is what is timed. */
  prepare(work: Work, events: number): Promise<PreparedRun>;
}

export interface PreparedRun {
  /** What is to run, for people, where the variant can say. */
  readonly explain?: string;
  run(): Results | Promise<Results>;
}

/** What the process of one run reports. */
export interface RunReport extends Results {
  readonly ms: number;
  /** CPU time of the thread that ran it, where it can be told; well below `ms` where the machine was busy with something else. */
  readonly cpuMs?: number | undefined;
  readonly peakRssBytes: number;
  readonly explain?: string | undefined;
}
