/** What we hold ourselves to, as data. */

/** At least `times` the rate of another variant in the same run. */
export interface RateFloor {
  readonly kind: "rate";
  readonly name: string;
  readonly variant: string;
  readonly work: string;
  readonly times: number;
  /** `work` where it is another one. */
  readonly of: { readonly variant: string; readonly work?: string };
}

/** At most so much of something. */
export interface AmountFloor {
  readonly kind: "most";
  readonly name: string;
  readonly amount: AmountName;
  readonly most: number;
  readonly unit: string;
}

export type Floor = RateFloor | AmountFloor;

/** What is measured beside rates and has a floor. */
export type AmountName = "firstResultMs" | "peakRssMb" | "bundleKb" | "kernelSnapshotIntegersMs" | "kernelSnapshotStringsMs";

const FLINK = { variant: "flink" } as const;
const PLAIN_MAP = { variant: "plain-map" } as const;

function rate(name: string, variant: string, work: string, times: number, of: RateFloor["of"]): RateFloor {
  return { kind: "rate", name, variant, work, times, of };
}

function snapshotFloor(keys: string, amount: AmountName): AmountFloor {
  return { kind: "most", name: `snapshot of 1 M ${keys} keys in the kernel, synchronous part`, amount, most: 20, unit: "ms" };
}

export const FLOORS: readonly Floor[] = [
  rate("rows, tumbling", "tamias-rows", "tumbling", 2, FLINK),
  rate("rows → kernel, tumbling, integer keys", "tamias-rows-kernel", "tumbling", 6, FLINK),
  rate("rows → kernel, tumbling, string keys", "tamias-rows-kernel", "tumbling-strings", 2.5, FLINK),
  rate("columns + kernel, tumbling", "tamias-columns-kernel", "tumbling", 12, FLINK),
  rate("columns + kernel, tumbling, to the Map loop", "tamias-columns-kernel", "tumbling", 1.5, PLAIN_MAP),
  rate("columns + kernel, tumbling, string keys", "tamias-columns-kernel", "tumbling-strings", 12, FLINK),
  rate("columns + kernel, tumbling, string keys, to the Map loop", "tamias-columns-kernel", "tumbling-strings", 1.5, PLAIN_MAP),
  rate("columns + kernel, 15 % late", "tamias-columns-kernel", "tumbling-late", 5, FLINK),
  rate("rows → kernel, sliding 60 s/1 s", "tamias-rows-kernel", "sliding-60", 150, FLINK),
  rate("rows → kernel, sliding 60 s/1 s, to our tumbling", "tamias-rows-kernel", "sliding-60", 0.5, {
    variant: "tamias-rows-kernel",
    work: "tumbling",
  }),
  rate("rows, sessions", "tamias-rows", "sessions", 5, FLINK),
  rate("rows, keyed process", "tamias-rows", "process", 1, FLINK),
  { kind: "most", name: "process start → first window result", amount: "firstResultMs", most: 300, unit: "ms" },
  { kind: "most", name: "memory, tumbling, one job", amount: "peakRssMb", most: 150, unit: "MB" },
  snapshotFloor("integer", "kernelSnapshotIntegersMs"),
  snapshotFloor("string", "kernelSnapshotStringsMs"),
  { kind: "most", name: "the README's job, bundled and gzipped", amount: "bundleKb", most: 30, unit: "KB" },
];

/** What floors are compared with: events per second by variant and work, and amounts; undefined where nothing measured it. */
export interface Figures {
  rateOf(variant: string, work: string): number | undefined;
  amountOf(name: AmountName): number | undefined;
}

export interface FloorResult {
  readonly floor: Floor;
  /** In the floor's own terms: a factor, or an amount; undefined where it was not measured. */
  readonly reached: number | undefined;
  /** Reached ÷ asked: 1 and more keeps the floor. */
  readonly ratio: number | undefined;
}

export function resultOf(floor: Floor, figures: Figures): FloorResult {
  if (floor.kind === "most") {
    const reached = figures.amountOf(floor.amount);
    return { floor, reached, ratio: reached === undefined ? undefined : floor.most / reached };
  }
  const own = figures.rateOf(floor.variant, floor.work);
  const other = figures.rateOf(floor.of.variant, floor.of.work ?? floor.work);
  if (own === undefined || other === undefined) return { floor, reached: undefined, ratio: undefined };
  return { floor, reached: own / other, ratio: own / other / floor.times };
}

/** The result that is furthest below its floor; undefined where nothing was measured. */
export function worstOf(results: readonly FloorResult[]): FloorResult | undefined {
  let worst: FloorResult | undefined;
  for (const result of results) {
    if (result.ratio !== undefined && (worst?.ratio === undefined || result.ratio < worst.ratio)) worst = result;
  }
  return worst;
}
