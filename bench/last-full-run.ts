import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { ROOT } from "./child-process.ts";

/** The rates of the last full run that had Flink, kept in git: what runs without Flink are compared with. */
export interface LastFullRun {
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly machine: string;
  readonly versions: string;
  /** Runs of each. */
  readonly runs: number;
  /** Events per second, by work, then by column. */
  readonly rates: { readonly [work: string]: { readonly [column: string]: number } };
}

const PATH = `${ROOT}/bench/last-full-run.json`;

export function readLastFullRun(): LastFullRun | undefined {
  return existsSync(PATH) ? (JSON.parse(readFileSync(PATH, "utf8")) as LastFullRun) : undefined;
}

export function writeLastFullRun(run: LastFullRun): void {
  writeFileSync(PATH, `${JSON.stringify(run, null, 2)}\n`);
}

/**
 * How fast Flink would be here and now: the plain Map loop's rate of now, by the factor between the two in the last full run. Undefined where that run
 * lacks one of them.
 */
export function flinkEstimate(last: LastFullRun | undefined, work: string, plainMapNow: number | undefined): number | undefined {
  const rates = last?.rates[work];
  const [flink, plain] = [rates?.["flink"], rates?.["plain-map"]];
  if (flink === undefined || plain === undefined || plainMapNow === undefined) return undefined;
  return (plainMapNow * flink) / plain;
}
