import { readdirSync } from "node:fs";
import { ROOT, lastLineOf, runProgram } from "./child-process.ts";
import { FLINK_NOTE, runFlink } from "./flink-runs.ts";
import type { Results } from "./tally.ts";
import type { RunReport, Variant } from "./variant.ts";
import type { Scale, Work } from "./works.ts";

/** A column of the table: what runs a work in a process of its own. */
export interface Column {
  readonly name: string;
  readonly title: string;
  readonly note: string;
  refuses(work: Work): string | undefined;
  /** The most events that it can hold; absent where there is no such bound. */
  readonly eventsMax?: number | undefined;
  run(work: Work, events: number): Promise<RunReport>;
}

/** A figure of the table: the median run, and how many there were. */
export interface Figure {
  readonly events: number;
  readonly runs: number;
  readonly eventsPerSecond: number;
  readonly peakRssBytes: number;
  readonly results: Results;
  readonly explain: string | undefined;
}

export const FLINK_COLUMN: Column = {
  name: "flink",
  title: "Flink",
  note: FLINK_NOTE,
  refuses: () => undefined,
  run: runFlink,
};

/** The variants of variants/, in their order. */
export async function columnsOfVariants(): Promise<Column[]> {
  const variants: Variant[] = [];
  for (const file of readdirSync(`${ROOT}/bench/variants`).sort()) {
    const { variant } = (await import(new URL(`variants/${file}`, import.meta.url).href)) as { readonly variant: Variant };
    variants.push(variant);
  }
  return variants.sort((a, b) => a.order - b.order).map(columnOf);
}

function columnOf(variant: Variant): Column {
  const { name, title, note, eventsMax } = variant;
  return {
    name,
    title,
    note,
    refuses: (work) => variant.refuses(work),
    eventsMax,
    run: (work, events) => runVariant(name, work, events),
  };
}

async function runVariant(name: string, work: Work, events: number): Promise<RunReport> {
  return JSON.parse(lastLineOf(await runProgram("run-variant", [name, work.name, String(events)]))) as RunReport;
}

export interface Measuring {
  readonly runs: number;
  readonly scale: Scale;
  /** Whether there is time for so much. */
  fits(ms: number): boolean;
  /** Called before each run. */
  progress(run: number, runs: number): void;
}

/**
 * Measures as often as asked; fewer times, with fewer events, what would take too long. Undefined where a first run has shown that
 * there is no time for it.
 */
export async function measured(column: Column, work: Work, { runs, scale, fits, progress }: Measuring): Promise<Figure | undefined> {
  const pilotEvents = Math.min(scale.eventsMin, column.eventsMax ?? Infinity);
  progress(0, runs);
  const began = performance.now();
  const pilot = await column.run(work, pilotEvents);
  const preparedMs = performance.now() - began - pilot.ms;
  const events = eventsFor(column, scale, pilotEvents / pilot.ms);
  const count = events < scale.events ? Math.min(3, runs) : runs;
  const reports = events === pilotEvents ? [pilot] : [];
  if (!fits((count - reports.length) * (preparedMs + (pilot.ms * events) / pilotEvents))) return undefined;
  while (reports.length < count) {
    progress(reports.length + 1, count);
    reports.push(await column.run(work, events));
  }
  return figureOf(events, reports);
}

/** All events, where a run with all of them is short enough at this rate; else so many that it is shorter by far. */
function eventsFor({ eventsMax = Infinity }: Column, scale: Scale, eventsPerMs: number): number {
  const most = Math.min(scale.events, eventsMax);
  if (most <= eventsPerMs * scale.runMsMax) return most;
  return Math.min(most, Math.max(scale.eventsMin, Math.floor(eventsPerMs * scale.runMsFewer)));
}

/** The median of these runs by time. */
export function figureOf(events: number, reports: readonly RunReport[]): Figure {
  const sorted = [...reports].sort((a, b) => a.ms - b.ms);
  const median = sorted[(sorted.length - 1) >> 1]!;
  const odd = reports.find((report) => differs(report, median));
  if (odd !== undefined) throw new Error(`two runs differ: ${shown(odd)} and ${shown(median)}`);
  return {
    events,
    runs: reports.length,
    eventsPerSecond: (events / median.ms) * 1_000,
    peakRssBytes: Math.max(...reports.map((report) => report.peakRssBytes)),
    results: { results: median.results, checksum: median.checksum, late: median.late },
    explain: median.explain,
  };
}

/** Results by work and number of events: whoever does the same must give the same. */
export class Agreement {
  readonly #first = new Map<string, { readonly column: string; readonly results: Results }>();

  /** Results that were compared before. */
  note(work: string, column: string, events: number, results: Results): void {
    const key = `${work} ${events}`;
    if (!this.#first.has(key)) this.#first.set(key, { column, results });
  }

  has(work: Work, events: number): boolean {
    return this.#first.has(`${work.name} ${events}`);
  }

  /** Returns how it differs from the first that did the same work with as many events. */
  difference(work: Work, column: string, events: number, results: Results): string | undefined {
    const key = `${work.name} ${events}`;
    const first = this.#first.get(key);
    if (first === undefined) this.#first.set(key, { column, results });
    else if (differs(first.results, results))
      return `${column} gives ${shown(results)}, ${first.column} ${shown(first.results)} (${work.name}, ${events} events)`;
    return undefined;
  }
}

function differs(left: Results, right: Results): boolean {
  return left.results !== right.results || left.checksum !== right.checksum || left.late !== right.late;
}

function shown({ results, checksum, late }: Results): string {
  return `${results} results (checksum ${checksum}, ${late} late)`;
}
