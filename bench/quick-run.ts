import { bundleSizeOfReadme } from "./bundle-size.ts";
import { FLOORS, type Figures, type RateFloor, isBuilt } from "./floors.ts";
import { firstResult } from "./full-run.ts";
import { type LastFullRun, flinkEstimate } from "./last-full-run.ts";
import { Agreement, type Column, figureOf } from "./measurements.ts";
import type { RunReport } from "./variant.ts";
import { workNamed } from "./works.ts";

/** Fewer than a full run has: enough to be compiled, little enough that all of it ends in time. */
const QUICK_EVENTS = 500_000;
/** Rounds begin until then; the slowest round must end before 50 s. */
const ROUNDS_UNTIL_MS = 22_000;

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
  last: LastFullRun | undefined,
  note: (line: string) => void,
): Promise<QuickRun> {
  const began = performance.now();
  const pairs = pairsOf(columns);
  const firstResults: number[] = [];
  const agreement = new Agreement();
  const faults = new Set<string>();
  let rounds = 0;
  for (; rounds === 0 || performance.now() - began < ROUNDS_UNTIL_MS; rounds += 1) {
    firstResults.push(await firstResult());
    for (const { column, work, reports } of pairs) {
      const report = await column.run(workNamed(work), QUICK_EVENTS);
      reports.push(report);
      const difference = agreement.difference(workNamed(work), column.name, QUICK_EVENTS, report);
      if (difference !== undefined) faults.add(difference);
    }
  }
  note(`median of ${rounds}, ${QUICK_EVENTS} events`);
  const rateOf = (variant: string, work: string): number | undefined => {
    const pair = pairs.find((each) => each.column.name === variant && each.work === work);
    if (pair !== undefined) return figureOf(QUICK_EVENTS, pair.reports).eventsPerSecond;
    return variant === "flink" ? flinkEstimate(last, work, rateOf("plain-map", work)) : undefined;
  };
  for (const { column, work } of pairs)
    note(`${work}, ${column.name}: ${((rateOf(column.name, work) ?? 0) / 1e6).toFixed(3)} M/s`);
  const bundle = await bundleSizeOfReadme();
  const memory = pairs.find(({ column, work }) => column.name === "tamias-rows-alone" && work === "tumbling");
  return {
    faults: [...faults],
    rateOf,
    isBuilt: (floor) => isBuilt(floor, columns),
    amountOf(name) {
      if (name === "firstResultMs") return firstResults.sort((a, b) => a - b)[(firstResults.length - 1) >> 1];
      if (name === "bundleKb") return bundle.gzippedBytes / 1_000;
      return name === "peakRssMb" && memory !== undefined ? figureOf(QUICK_EVENTS, memory.reports).peakRssBytes / 1e6 : undefined;
    },
  };
}

/** Each column that a floor is about, and the plain loop beside it; the process of one job for its memory. */
function pairsOf(columns: readonly Column[]): Pair[] {
  const names = new Set(["tamias-rows-alone tumbling"]);
  for (const floor of FLOORS) {
    if (floor.kind === "rate" && columns.some(({ name }) => name === floor.variant))
      for (const name of namesOf(floor)) names.add(name);
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
