import { firstResultOfFlink } from "./flink-runs.ts";
import { Agreement, type Cell, type Column, measured } from "./measurements.ts";
import { type BundleSize, bundleSizeOfReadme } from "./bundle-size.ts";
import { lastLineOf, programPath, runProgram, timeToFirstOutput } from "./child-process.ts";
import { type AmountName, type Figures, isBuilt } from "./floors.ts";
import type { SnapshotReport } from "./snapshot-run.ts";
import { type Work, workNamed } from "./works.ts";
import process from "node:process";

/** Every work by every column, and what is measured beside rates. */
export interface FullRun extends Figures {
  readonly works: readonly Work[];
  readonly columns: readonly Column[];
  cellOf(column: string, work: string): Cell | undefined;
  /** Undefined where only rates were asked for. */
  readonly amounts: Amounts | undefined;
  /** Where two did the same and gave different results, or one failed: sentences. */
  readonly faults: readonly string[];
}

export interface Amounts {
  readonly firstResultMs: number;
  /** Of Flink, where it ran. */
  readonly firstResultFlinkMs: number | undefined;
  readonly bundle: BundleSize;
  readonly snapshots: readonly { readonly title: string; readonly report: SnapshotReport }[];
}

export interface FullRunOptions {
  readonly works: readonly Work[];
  readonly columns: readonly Column[];
  readonly runs: number;
  /** What runs a work when nobody else has done it with as many events. */
  readonly reference: Column;
  /** All variants that there are, asked for or not. */
  readonly built: readonly Column[];
  readonly hasFlink: boolean;
  readonly hasAmounts: boolean;
  note(line: string): void;
}

export async function runAll(options: FullRunOptions): Promise<FullRun> {
  const { works, columns, runs, reference, note } = options;
  const cells = new Map<string, Cell>();
  const faults: string[] = [];
  const agreement = new Agreement();
  for (const work of works) {
    for (const column of columns) {
      const cell = await measured(column, work, runs);
      cells.set(`${column.name} ${work.name}`, cell);
      note(`${work.name}, ${column.name}: ${lineOf(cell)}`);
      if (cell.kind === "failed") faults.push(`${work.name}, ${column.name}: ${cell.reason}`);
      if (cell.kind !== "figure") continue;
      const { events, results } = cell.figure;
      if (!agreement.has(work, events) && column !== reference)
        agreement.difference(work, reference.name, events, await reference.run(work, events));
      const difference = agreement.difference(work, column.name, events, results);
      if (difference !== undefined) faults.push(difference);
    }
  }
  const amounts = options.hasAmounts ? await measureAmounts(runs, options.hasFlink, note) : undefined;
  const cellOf = (column: string, work: string): Cell | undefined => cells.get(`${column} ${work}`);
  return { works, columns, cellOf, amounts, faults, ...figuresOf(options.built, cellOf, amounts) };
}

function figuresOf(built: readonly Column[], cellOf: FullRun["cellOf"], amounts: Amounts | undefined): Figures {
  return {
    isBuilt: (floor) => isBuilt(floor, built),
    rateOf(variant, work) {
      const cell = cellOf(variant, work);
      return cell?.kind === "figure" ? cell.figure.eventsPerSecond : undefined;
    },
    amountOf(name: AmountName) {
      const memory = cellOf("tamias-rows-alone", "tumbling");
      if (name === "firstResultMs") return amounts?.firstResultMs;
      if (name === "bundleKb") return amounts === undefined ? undefined : amounts.bundle.gzippedBytes / 1_000;
      return name === "peakRssMb" && memory?.kind === "figure" ? memory.figure.peakRssBytes / 1e6 : undefined;
    },
  };
}

async function measureAmounts(runs: number, hasFlink: boolean, note: (line: string) => void): Promise<Amounts> {
  const firstResultMs = await medianOf(runs, firstResult);
  const firstResultFlinkMs = hasFlink
    ? await medianOf(Math.min(3, runs), () => firstResultOfFlink(workNamed("tumbling")))
    : undefined;
  note(`first result after ${firstResultMs.toFixed(0)} ms`);
  const bundle = await bundleSizeOfReadme();
  const snapshots: { title: string; report: SnapshotReport }[] = [];
  for (const state of ["window", "process"]) {
    for (const keys of ["integer", "string"]) {
      const report = JSON.parse(lastLineOf(await runProgram("snapshot-run", [state, keys]))) as SnapshotReport;
      const title = `${state === "window" ? "window panes" : "ValueState"}, ${keys} keys`;
      snapshots.push({ title, report });
      note(`snapshot of 1 M, ${title}: ${report.ms.toFixed(0)} ms`);
    }
  }
  return { firstResultMs, firstResultFlinkMs, bundle, snapshots };
}

/** From the start of a process to its first window result, ms. */
export function firstResult(): Promise<number> {
  return timeToFirstOutput(process.execPath, [programPath("first-result-job")]);
}

export async function medianOf(runs: number, measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let run = 0; run < runs; run += 1) values.push(await measure());
  return values.sort((a, b) => a - b)[(runs - 1) >> 1]!;
}

function lineOf(cell: Cell): string {
  if (cell.kind !== "figure") return cell.reason;
  const { eventsPerSecond, events, runs } = cell.figure;
  return `${(eventsPerSecond / 1e6).toFixed(3)} M/s (${events} events, ${runs} runs)`;
}
