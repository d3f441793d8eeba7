import { AMOUNTS, firstResult } from "./amounts.ts";
import { CLUSTER_MEASUREMENTS } from "./clusters/measurements.ts";
import { FLOORS, type Figures, type RateFloor } from "./floors.ts";
import { Agreement, type Column, figureOf } from "./measurements.ts";
import { type Results, flinkEstimate } from "./results.ts";
import type { RunReport } from "./variant.ts";
import { type Scale, workNamed } from "./works.ts";

/** A round begins only where one as long as the longest so far would end by then; what follows it takes a few seconds. */
const ROUNDS_UNTIL_MS = 32_000;
/** After so many the median does not get better. */
const ROUNDS_MAX = 5;
/** Measured once, after the rounds. */
const ONCE: readonly string[] = ["kernelSnapshotIntegersMs", "kernelSnapshotStringsMs", "bundleKb"];

export interface QuickRun extends Figures {
  readonly faults: readonly string[];
}

interface Pair {
  readonly column: Column;
  readonly work: string;
  readonly reports: RunReport[];
}

/** What floors ask for and nothing else, round after round, the median of as many as there is time for. */
export async function runQuick(
  columns: readonly Column[],
  last: Results,
  scale: Scale,
  note: (line: string) => void,
): Promise<QuickRun> {
  const began = performance.now();
  const events = scale.eventsMin;
  const pairs = pairsOf(columns);
  const firstResults: number[] = [];
  const agreement = new Agreement();
  const faults = new Set<string>();
  let [rounds, longestMs] = [0, 0];
  for (; rounds === 0 || (rounds < ROUNDS_MAX && performance.now() - began + longestMs < ROUNDS_UNTIL_MS); rounds += 1) {
    const beganRound = performance.now();
    firstResults.push(await firstResult(scale));
    for (const { column, work, reports } of pairs) {
      const report = await column.run(workNamed(work), events);
      reports.push(report);
      const difference = agreement.difference(workNamed(work), column.name, events, report);
      if (difference !== undefined) faults.add(difference);
    }
    longestMs = Math.max(longestMs, performance.now() - beganRound);
  }
  const amounts = new Map<string, number>([["firstResultMs", firstResults.sort((a, b) => a - b)[(rounds - 1) >> 1] ?? NaN]]);
  for (const amount of AMOUNTS) {
    if (ONCE.includes(amount.name)) amounts.set(amount.name, (await amount.measure(1, scale)).value);
  }
  for (const each of CLUSTER_MEASUREMENTS) {
    if (each.isQuick !== true) continue;
    for (const [name, { value }] of Object.entries(await each.measure(1, scale))) amounts.set(name, value);
  }
  note(`median of ${rounds}, ${events} events`);
  const rateOf = (variant: string, work: string): number | undefined => {
    const pair = pairs.find((each) => each.column.name === variant && each.work === work);
    if (pair !== undefined) return figureOf(events, pair.reports).eventsPerSecond;
    return variant === "flink" ? flinkEstimate(last, work, rateOf("plain-map", work)) : undefined;
  };
  for (const { column, work } of pairs)
    note(`${work}, ${column.name}: ${((rateOf(column.name, work) ?? 0) / 1e6).toFixed(3)} M/s`);
  const memory = pairs.find(({ column, work }) => column.name === "tamias-rows-alone" && work === "tumbling");
  if (memory !== undefined) amounts.set("peakRssMb", figureOf(events, memory.reports).peakRssBytes / 1e6);
  return { faults: [...faults], rateOf, amountOf: (name) => amounts.get(name) };
}

/** Each column that a floor is about, and the plain loop beside it; the process of one job for its memory. */
function pairsOf(columns: readonly Column[]): Pair[] {
  const names = new Set(["tamias-rows-alone tumbling"]);
  for (const floor of FLOORS) {
    if (floor.kind === "rate") for (const name of namesOf(floor)) names.add(name);
  }
  return [...names].sort().flatMap((name) => {
    const [variant, work = ""] = name.split(" ");
    const column = columns.find((each) => each.name === variant);
    return column === undefined ? [] : [{ column, work, reports: [] }];
  });
}

function namesOf({ variant, work, of }: RateFloor): string[] {
  const other = of.variant === "flink" ? "plain-map" : of.variant;
  return [`${variant} ${work}`, `${other} ${of.work ?? work}`];
}
