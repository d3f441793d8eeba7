import type { Prng } from "../../core/lib/prng.ts";

/** What runs the job of totals.ts, somewhere, and can be killed. */
export interface Victim {
  /** Runs the job to its end and says what came of it; starts it again after each kill. */
  run(kills: readonly Kill[]): Promise<RunReport>;
  close(): Promise<void>;
}

/** When one kill comes. */
export interface Kill {
  /** Not before so many of all results are committed. */
  readonly committedShare: number;
  /** Then, so many things are heard of first that happen while checkpoints are written. */
  readonly notes: number;
  /** From 0 on, below 1: which of several parts. */
  readonly choice: number;
}

export interface RunReport {
  /** What the exactly-once sink holds at the end, in any order. */
  readonly results: readonly string[];
  /** For each kill how many results were committed then. */
  readonly kills: readonly number[];
  /** What else is wrong. */
  readonly problems: readonly string[];
}

/** What the sink holds at the end of a run that nobody kills: 24 customers, of each as many seconds as it has orders in, and one total. */
export const RESULTS = 973;
/** The job and its pace: some forty checkpoints in two seconds. */
export const ORDERS = 4_000;
export const ORDERS_PER_SECOND = 2_000;
export const CHECKPOINT_INTERVAL_MS = 50;

const SHARE_MIN = 0.25;
const SHARE_MAX = 0.6;
/** As many happen within some checkpoints. */
const NOTES_MAX = 30;
const KILLS_MAX = 3;
/** Where little is left of the job no more notes are waited for: the kill comes now or never. */
const LAST_SHARE = 0.8;

/** One kill or more. Those after the first may also come while the job is on its way back. */
export function randomKills(random: Prng): Kill[] {
  const first = { committedShare: SHARE_MIN + (SHARE_MAX - SHARE_MIN) * random.next(), notes: random.int(NOTES_MAX), choice: random.next() };
  return [first, ...Array.from({ length: random.int(KILLS_MAX) }, () => ({ committedShare: SHARE_MIN, notes: random.int(2 * NOTES_MAX), choice: random.next() }))];
}

/** Waits for the moment of a kill. */
export class Moment {
  readonly #kill: Kill;
  #notes = 0;

  constructor(kill: Kill) {
    this.#kill = kill;
  }

  /** Something has happened. Whether this is the moment. */
  note(committed: number): boolean {
    const share = committed / RESULTS;
    if (share < this.#kill.committedShare || 1 <= share) return false;
    this.#notes += 1;
    return this.#kill.notes < this.#notes || LAST_SHARE < share;
  }
}

/** What is wrong with a run, in words; nothing where all results are there, each of them once. */
export function problemsOf({ results, kills, problems }: RunReport, expected: readonly string[]): string[] {
  const counts = new Map<string, number>(expected.map((result) => [result, 0]));
  const foreign = results.filter((result) => !counts.has(result));
  for (const result of results) counts.set(result, (counts.get(result) ?? 0) + 1);
  const lost = expected.filter((result) => counts.get(result) === 0);
  const doubled = expected.filter((result) => 1 < (counts.get(result) ?? 0));
  const said = (what: string, list: readonly string[]): string[] => (list.length === 0 ? [] : [`${list.length} ${what}, such as ${list[0]}`]);
  return [...said("lost", lost), ...said("doubled", doubled), ...said("wrong", foreign), ...problems, ...(kills.length === 0 ? ["it ended before it was killed"] : [])];
}
