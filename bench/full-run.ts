import { AMOUNTS, type Amount } from "./amounts.ts";
import { ENGINES, measureEngine } from "./engine-runs.ts";
import { Agreement, type Cell, type Column, measured } from "./measurements.ts";
import type { Results, ResultStore } from "./results.ts";
import { type Scale, WORKS, type Work } from "./works.ts";

/**
 * Measures one thing after the other: each work by each column, then what is measured beside rates. Each result is kept as soon
 * as it is known.
 */

export interface FullRunOptions {
  readonly columns: readonly Column[];
  readonly runs: number;
  readonly scale: Scale;
  /** Only what contains this text: "work, variant", "amount, name" or "engine, name". */
  readonly only: string;
  /** Whether what was measured before stays and is not measured again. */
  readonly resumes: boolean;
  readonly hasFlink: boolean;
  readonly hasEngines: boolean;
  readonly store: ResultStore;
  /** What runs a work when nobody else has done it with as many events. */
  readonly reference: Column;
  /** Whether nothing more is to begin. */
  isOver(): boolean;
  note(line: string): void;
  /** What goes on right now. */
  progress(line: string): void;
}

export interface FullRunEnd {
  /** Where two did the same and gave different results, or one failed: sentences. */
  readonly faults: readonly string[];
  /** What there was no time for. */
  readonly left: number;
}

interface Item {
  readonly name: string;
  isKnown(results: Results): boolean;
  forget(): void;
  /** Returns what it found, in words. */
  measure(): Promise<string>;
}

export async function runAll(options: FullRunOptions): Promise<FullRunEnd> {
  const { store, only, resumes, note, progress } = options;
  const faults: string[] = [];
  const agreement = new Agreement();
  const asked = itemsOf(options, agreement, faults).filter(({ name }) => name.includes(only));
  if (!resumes) for (const item of asked) item.forget();
  for (const [work, ofWork] of Object.entries(store.results.figures)) {
    for (const [column, { events, results }] of Object.entries(ofWork)) agreement.note(work, column, events, results);
  }
  const items = asked.filter((item) => !item.isKnown(store.results));
  if (items.length < asked.length) note(`${asked.length - items.length} of ${asked.length} are known from before`);
  for (const [done, item] of items.entries()) {
    if (options.isOver()) return { faults, left: items.length - done };
    progress(`[${done + 1}/${items.length}] ${item.name}`);
    note(`${item.name}: ${await item.measure()}`);
  }
  return { faults, left: 0 };
}

function itemsOf(options: FullRunOptions, agreement: Agreement, faults: string[]): Item[] {
  const { columns, hasFlink, hasEngines } = options;
  return [
    ...WORKS.flatMap((work) =>
      columns
        .filter((column) => column.refuses(work) === undefined)
        .map((column) => cellItem(options, agreement, faults, work, column)),
    ),
    ...AMOUNTS.filter(({ needsFlink }) => hasFlink || needsFlink !== true).map((amount) => amountItem(options, faults, amount)),
    ...(hasEngines ? ENGINES : []).map((name) => engineItem(options, faults, name)),
  ];
}

function cellItem(options: FullRunOptions, agreement: Agreement, faults: string[], work: Work, column: Column): Item {
  const { store, reference, runs, scale } = options;
  const name = `${work.name}, ${column.name}`;
  const progress = (run: number, of: number): void =>
    options.progress(`${name}: ${run === 0 ? "a run to see how long it takes" : `run ${run} of ${of}`}`);
  return {
    name,
    isKnown: () => store.figureOf(work.name, column.name) !== undefined,
    forget: () => store.putFigure(work.name, column.name, undefined),
    async measure() {
      const cell = await measured(column, work, { runs, scale, progress });
      if (cell.kind !== "figure") {
        faults.push(`${name}: ${cell.reason}`);
        return cell.reason;
      }
      const { events, results } = cell.figure;
      if (!agreement.has(work, events) && column !== reference)
        agreement.difference(work, reference.name, events, await reference.run(work, events));
      const difference = agreement.difference(work, column.name, events, results);
      if (difference === undefined) store.putFigure(work.name, column.name, cell.figure);
      else faults.push(difference);
      return difference ?? lineOf(cell);
    },
  };
}

function amountItem({ store, runs, scale }: FullRunOptions, faults: string[], amount: Amount): Item {
  return {
    name: `amount, ${amount.name}`,
    isKnown: ({ amounts }) => amounts[amount.name] !== undefined,
    forget: () => store.putAmount(amount.name, undefined),
    measure: () =>
      settled(faults, amount.title, async () => {
        const figure = await amount.measure(runs, scale);
        store.putAmount(amount.name, figure);
        return figure.shown;
      }),
  };
}

function engineItem({ store, runs, scale, progress }: FullRunOptions, faults: string[], name: string): Item {
  return {
    name: `engine, ${name}`,
    isKnown: ({ engines }) => engines[name] !== undefined,
    forget: () => store.putEngine(name, undefined),
    measure: () =>
      settled(faults, name, async () => {
        const figures = await measureEngine(name, Math.min(3, runs), scale, progress);
        store.putEngine(name, figures);
        return figures.rows.map(({ work, ratio }) => `${work} ${ratio.toFixed(2)}`).join(", ");
      }),
  };
}

/** A measurement that fails is a fault, and the next one follows. */
async function settled(faults: string[], title: string, measure: () => Promise<string>): Promise<string> {
  try {
    return await measure();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    faults.push(`${title}: ${reason}`);
    return reason;
  }
}

function lineOf(cell: Cell): string {
  if (cell.kind !== "figure") return cell.reason;
  const { eventsPerSecond, events, runs } = cell.figure;
  return `${(eventsPerSecond / 1e6).toFixed(3)} M/s (${events} events, ${runs} runs)`;
}
