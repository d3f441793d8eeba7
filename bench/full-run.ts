import { AMOUNTS, type Amount } from "./amounts.ts";
import { CLUSTER_MEASUREMENTS, type ClusterMeasurement } from "./clusters/measurements.ts";
import type { Deadline } from "./deadline.ts";
import { ENGINES, measureEngine } from "./engine-runs.ts";
import { Agreement, type Column, type Figure, measured } from "./measurements.ts";
import type { Results, ResultStore } from "./results.ts";
import { type Scale, WORKS, type Work } from "./works.ts";

/**
 * Measures one thing after the other: each work by each column, then what is measured beside rates. Each result is kept as soon
 * as it is known. What will not fit into the time is left for the next run.
 */

/** What nobody has measured yet: a run at the least, with all that must be compiled before it. */
const UNKNOWN_MS = 3_000;

/** What is to be measured. */
export interface Asked {
  readonly columns: readonly Column[];
  /** What runs a work when nobody else has done it with as many events. */
  readonly reference: Column;
  readonly runs: number;
  /** Only what contains this text: "work, variant", "amount, name", "clusters, name" or "engine, name". */
  readonly only: string;
  readonly hasFlink: boolean;
  readonly hasBrowsers: boolean;
}

export interface FullRunOptions extends Asked {
  readonly scale: Scale;
  /** Whether what was measured before stays and is not measured again. */
  readonly resumes: boolean;
  readonly store: ResultStore;
  readonly deadline: Deadline;
  /** Ends what is under way and nobody waits for any more. */
  end(): Promise<void>;
  note(line: string): void;
  /** What goes on right now. */
  progress(line: string): void;
}

export interface FullRunEnd {
  /** Where two did the same and gave different results, or one failed: sentences. */
  readonly faults: readonly string[];
  readonly left: readonly LeftItem[];
}

/** What there was no time for. */
export interface LeftItem {
  readonly name: string;
  /** As it took before; undefined where that is not known. */
  readonly expectedMs: number | undefined;
}

interface Item {
  readonly name: string;
  isKnown(results: Results): boolean;
  forget(store: ResultStore): void;
  /** Returns what it found, in words; undefined where there was no time for it. Rejects where something is wrong. */
  measure(options: FullRunOptions, agreement: Agreement): Promise<string | undefined>;
}

export async function runAll(options: FullRunOptions): Promise<FullRunEnd> {
  const { store, runs, deadline } = options;
  const faults: string[] = [];
  const left: LeftItem[] = [];
  const agreement = new Agreement();
  const items = itemsToMeasure(options, agreement);
  for (const [done, item] of items.entries()) {
    const { name } = item;
    const expectedMs = store.expectedMs(name, runs);
    options.progress(`[${done + 1}/${items.length}] ${name}`);
    const began = performance.now();
    try {
      const found = deadline.fits(expectedMs ?? UNKNOWN_MS) ? await deadline.within(item.measure(options, agreement)) : undefined;
      if (found === undefined) left.push({ name, expectedMs });
      else {
        store.putDuration(name, { ms: Math.round(performance.now() - began), runs });
        options.note(`${name}: ${found}`);
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      faults.push(`${name}: ${reason}`);
      options.note(`${name}: ${reason}`);
    }
    if (!deadline.fits(0)) await options.end();
  }
  return { faults, left };
}

/** What is asked for and not known; what is to be measured anew is forgotten. */
function itemsToMeasure(options: FullRunOptions, agreement: Agreement): Item[] {
  const { store, only, resumes, runs, note } = options;
  const asked = itemsOf(options).filter(({ name }) => name.includes(only));
  if (!resumes) for (const item of asked) item.forget(store);
  for (const [work, ofWork] of Object.entries(store.results.figures)) {
    for (const [column, { events, results }] of Object.entries(ofWork)) agreement.note(work, column, events, results);
  }
  const items = asked.filter((item) => !item.isKnown(store.results));
  if (items.length < asked.length) note(`${asked.length - items.length} of ${asked.length} are known from before`);
  const expected = items.map(({ name }) => store.expectedMs(name, runs));
  const unknown = expected.filter((ms) => ms === undefined).length;
  const expectedMs = expected.reduce((sum: number, ms) => sum + (ms ?? 0), 0);
  if (0 < expectedMs) note(`${items.length} to measure: ${durationText(expectedMs)}${unknown === 0 ? "" : `, and ${unknown} never timed`}`);
  return items;
}

/** Whether anything that is asked for is called so. */
export function isAskedFor(text: string, asked: Asked): boolean {
  return itemsOf(asked).some(({ name }) => name.includes(text));
}

export function durationText(ms: number): string {
  return ms < 60_000 ? `about ${Math.ceil(ms / 1_000)} s` : `about ${(ms / 60_000).toFixed(1)} min`;
}

function itemsOf({ columns, hasFlink, hasBrowsers }: Asked): Item[] {
  return [
    ...WORKS.flatMap((work) =>
      columns.filter((column) => column.refuses(work) === undefined).map((column) => cellItem(work, column)),
    ),
    ...AMOUNTS.filter(({ needsFlink }) => hasFlink || needsFlink !== true).map(amountItem),
    ...CLUSTER_MEASUREMENTS.filter(({ needsBrowser }) => hasBrowsers || needsBrowser !== true).map(clusterItem),
    ...(hasBrowsers ? ENGINES : []).map(engineItem),
  ];
}

function cellItem(work: Work, column: Column): Item {
  const name = `${work.name}, ${column.name}`;
  return {
    name,
    isKnown: ({ figures }) => figures[work.name]?.[column.name] !== undefined,
    forget: (store) => store.putFigure(work.name, column.name, undefined),
    async measure({ store, reference, runs, scale, deadline, progress }, agreement) {
      const showRun = (run: number, of: number): void =>
        progress(`${name}: ${run === 0 ? "a run to see how long it takes" : `run ${run} of ${of}`}`);
      const figure = await measured(column, work, { runs, scale, fits: (ms) => deadline.fits(ms), progress: showRun });
      if (figure === undefined) return undefined;
      const { events, results } = figure;
      if (!agreement.has(work, events) && column !== reference)
        agreement.difference(work, reference.name, events, await reference.run(work, events));
      const difference = agreement.difference(work, column.name, events, results);
      if (difference !== undefined) throw new Error(difference);
      store.putFigure(work.name, column.name, figure);
      return lineOf(figure);
    },
  };
}

function amountItem(amount: Amount): Item {
  return {
    name: `amount, ${amount.name}`,
    isKnown: ({ amounts }) => amounts[amount.name] !== undefined,
    forget: (store) => store.putAmount(amount.name, undefined),
    async measure({ store, runs, scale }) {
      const figure = await amount.measure(runs, scale);
      store.putAmount(amount.name, figure);
      return figure.shown;
    },
  };
}

function clusterItem(measurement: ClusterMeasurement): Item {
  const names = Object.keys(measurement.amounts);
  return {
    name: `clusters, ${measurement.name}`,
    isKnown: ({ amounts }) => names.every((name) => amounts[name] !== undefined),
    forget: (store) => names.forEach((name) => store.putAmount(name, undefined)),
    async measure({ store, runs, scale }) {
      const figures = await measurement.measure(runs, scale);
      for (const [name, figure] of Object.entries(figures)) store.putAmount(name, figure);
      return Object.values(figures)
        .map(({ shown }) => shown)
        .join("; ");
    },
  };
}

function engineItem(name: string): Item {
  return {
    name: `engine, ${name}`,
    isKnown: ({ engines }) => engines[name] !== undefined,
    forget: (store) => store.putEngine(name, undefined),
    async measure({ store, runs, scale, progress }) {
      const figures = await measureEngine(name, Math.min(3, runs), scale, progress);
      store.putEngine(name, figures);
      return figures.rows.map(({ work, ratio }) => `${work} ${ratio.toFixed(2)}`).join(", ");
    },
  };
}

function lineOf({ eventsPerSecond, events, runs }: Figure): string {
  return `${(eventsPerSecond / 1e6).toFixed(3)} M/s (${events} events, ${runs} runs)`;
}
