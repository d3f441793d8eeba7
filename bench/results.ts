import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Figure } from "./measurements.ts";
import type { EngineFigures } from "./engine-runs.ts";

/**
 * What full runs have measured, kept in git. Each result is there as soon as it is known, so that a run that was interrupted can
 * go on; and each says on which occasion it was measured, so that a page made of several runs says so.
 */
export interface Results {
  readonly occasions: readonly Occasion[];
  /** By work, then by column. */
  readonly figures: { readonly [work: string]: { readonly [column: string]: Measured<Figure> } };
  /** By name. */
  readonly amounts: { readonly [name: string]: Measured<AmountFigure> };
  /** Kernel and JS kernel by name of the engine. */
  readonly engines: { readonly [engine: string]: Measured<EngineFigures> };
  /** Flink's rate over that of the plain Map loop, by work, of the last run that had both. */
  readonly flinkToPlain: { readonly [work: string]: Measured<{ readonly ratio: number }> };
  /** How long it took to measure something, by its name: what is measured anew keeps it until then. */
  readonly durations: { readonly [name: string]: Duration };
}

export interface Duration {
  readonly ms: number;
  /** How many runs there were to be. */
  readonly runs: number;
}

/** Where it ran and with what. Machines have no names here, only sizes. */
export interface Occasion {
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly machine: string;
  readonly versions: string;
  /** Runs of each; fewer where one would take too long. */
  readonly runs: number;
}

/** `occasion` is an index into `occasions`. */
export type Measured<F> = F & { readonly occasion: number };

/** An amount as floors compare it, and as people read it. */
export interface AmountFigure {
  readonly value: number;
  readonly shown: string;
}

const NOTHING: Results = { occasions: [], figures: {}, amounts: {}, engines: {}, flinkToPlain: {}, durations: {} };

/** The results of earlier runs and of this one. */
export class ResultStore {
  results: Results;
  readonly #path: string | undefined;
  #occasion: number | undefined;

  /** Without a path nothing is written. */
  constructor(results: Results, path: string | undefined) {
    this.results = results;
    this.#path = path;
  }

  /** What is measured from now on is of this occasion; one that is the same as before goes on. */
  begin(occasion: Occasion): void {
    const known = this.results.occasions.findIndex((each) => JSON.stringify(each) === JSON.stringify(occasion));
    if (known === -1) this.results = { ...this.results, occasions: [...this.results.occasions, occasion] };
    this.#occasion = known === -1 ? this.results.occasions.length - 1 : known;
  }

  figureOf(work: string, column: string): Measured<Figure> | undefined {
    return this.results.figures[work]?.[column];
  }

  putFigure(work: string, column: string, figure: Figure | undefined): void {
    const ofWork = without(this.results.figures[work] ?? {}, column);
    const next = figure === undefined ? ofWork : { ...ofWork, [column]: this.#measured(figure) };
    this.#put({ figures: { ...this.results.figures, [work]: next } });
    const [flink, plain] = [this.figureOf(work, "flink"), this.figureOf(work, "plain-map")];
    // Both of one occasion: otherwise the machine may have been another one.
    if (flink === undefined || plain === undefined || flink.occasion !== plain.occasion || figure === undefined) return;
    const ratio = { ratio: flink.eventsPerSecond / plain.eventsPerSecond, occasion: flink.occasion };
    this.#put({ flinkToPlain: { ...this.results.flinkToPlain, [work]: ratio } });
  }

  putAmount(name: string, figure: AmountFigure | undefined): void {
    const amounts = without(this.results.amounts, name);
    this.#put({ amounts: figure === undefined ? amounts : { ...amounts, [name]: this.#measured(figure) } });
  }

  putEngine(name: string, figures: EngineFigures | undefined): void {
    const engines = without(this.results.engines, name);
    this.#put({ engines: figures === undefined ? engines : { ...engines, [name]: this.#measured(figures) } });
  }

  putDuration(name: string, duration: Duration): void {
    this.#put({ durations: { ...this.results.durations, [name]: duration } });
  }

  /** How long it will take to measure this so many times; undefined where it has never been done. */
  expectedMs(name: string, runs: number): number | undefined {
    const known = this.results.durations[name];
    return known === undefined ? undefined : known.ms * Math.max(1, runs / known.runs);
  }

  #measured<F>(figure: F): Measured<F> {
    if (this.#occasion === undefined) throw new Error("an occasion must begin before anything is measured");
    return { ...figure, occasion: this.#occasion };
  }

  #put(changes: Partial<Results>): void {
    this.results = { ...this.results, ...changes };
    if (this.#path === undefined) return;
    // Whole or not at all: a run may be interrupted at any time.
    writeFileSync(`${this.#path}.next`, `${JSON.stringify(this.results, null, 1)}\n`);
    renameSync(`${this.#path}.next`, this.#path);
  }
}

export function readResults(path: string): Results {
  return existsSync(path) ? { ...NOTHING, ...(JSON.parse(readFileSync(path, "utf8")) as Partial<Results>) } : NOTHING;
}

/**
 * How fast Flink would be here and now: the plain Map loop's rate of now, by the factor between the two in the last full run.
 * Undefined where that run lacks one of them.
 */
export function flinkEstimate(results: Results, work: string, plainMapNow: number | undefined): number | undefined {
  const factor = results.flinkToPlain[work]?.ratio;
  return factor === undefined || plainMapNow === undefined ? undefined : plainMapNow * factor;
}

function without<V>(map: { readonly [name: string]: V }, name: string): { readonly [name: string]: V } {
  return Object.fromEntries(Object.entries(map).filter(([each]) => each !== name));
}
