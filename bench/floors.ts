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

/** At most, or at least, so much of something. */
export interface AmountFloor {
  readonly kind: "most" | "least";
  readonly name: string;
  /** `peakRssMb`, or the name of an amount. */
  readonly amount: string;
  readonly bound: number;
  readonly unit: string;
}

export type Floor = RateFloor | AmountFloor;

const FLINK = { variant: "flink" } as const;
const PLAIN_MAP = { variant: "plain-map" } as const;

function rate(name: string, variant: string, work: string, times: number, of: RateFloor["of"]): RateFloor {
  return { kind: "rate", name, variant, work, times, of };
}

function most(name: string, amount: string, bound: number, unit: string): AmountFloor {
  return { kind: "most", name, amount, bound, unit };
}

function least(name: string, amount: string, bound: number, unit: string): AmountFloor {
  return { kind: "least", name, amount, bound, unit };
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
  most("process start → first window result", "firstResultMs", 300, "ms"),
  most("memory, tumbling, one job", "peakRssMb", 150, "MB"),
  most("snapshot of 1 M integer keys in the kernel, synchronous part", "kernelSnapshotIntegersMs", 20, "ms"),
  most("snapshot of 1 M string keys in the kernel, synchronous part", "kernelSnapshotStringsMs", 20, "ms"),
  most("the README's job, bundled and gzipped", "bundleKb", 30, "KB"),
  ...["Node", "Chromium"].flatMap((place) => [
    least(`two workers to one, all in one chain, ${place}`, `speedUpChained ${place}`, 1.3, "×"),
    least(`two workers to one with the same exchange, ${place}`, `speedUpExchanging ${place}`, 1.6, "×"),
  ]),
  least("rows between two workers", "shuffleRows", 2, "M/s"),
  least("rows between two workers, to cloned arrays of them", "shuffleRowsToClone", 5, "×"),
  most("event → result, 1,000 events/s, p99", "latencyMs Default", 12, "ms"),
  most("event → result, source never at rest, p99", "latencyMsBusy Default", 12, "ms"),
  ...["Node", "Chromium"].flatMap((place) => [
    most(`start of 4 fresh workers → first window result, ${place}`, `startMs ${place}`, 500, "ms"),
    most(`a worker ends → the job has failed, ${place}`, `deathMs ${place}`, 2_000, "ms"),
    most(`a worker spins for ever → the job has failed, ${place}`, `spinMs ${place}`, 2_000, "ms"),
  ]),
  least("frames of the playground, two workers asked for 1 M records/s", "pageFrames", 50, "/s"),
  most("submitting and canceling, held more a cycle", "leakedBytes", 1_000, "bytes"),
  most("the same, workers, ports and timers", "leakedResources", 0, ""),
  ...["in place", "threads"].map((where) => most(`rows into a slow sink, held late to early, ${where}`, `heldGrowth ${where}`, 1.1, "×")),
];

/** What floors are compared with: events per second by variant and work, and amounts; undefined where nothing measured it. */
export interface Figures {
  rateOf(variant: string, work: string): number | undefined;
  amountOf(name: string): number | undefined;
}

export interface FloorResult {
  readonly floor: Floor;
  /** In the floor's own terms: a factor, or an amount; undefined where it was not measured. */
  readonly reached: number | undefined;
  /** Reached ÷ asked: 1 and more keeps the floor. */
  readonly ratio: number | undefined;
}

export function resultOf(floor: Floor, figures: Figures): FloorResult {
  if (floor.kind !== "rate") {
    const reached = figures.amountOf(floor.amount);
    return { floor, reached, ratio: reached === undefined ? undefined : ratioOf(floor, reached) };
  }
  const own = figures.rateOf(floor.variant, floor.work);
  const other = figures.rateOf(floor.of.variant, floor.of.work ?? floor.work);
  if (own === undefined || other === undefined) return { floor, reached: undefined, ratio: undefined };
  return { floor, reached: own / other, ratio: own / other / floor.times };
}

function ratioOf({ kind, bound }: AmountFloor, reached: number): number {
  if (kind === "least") return reached / bound;
  // Nothing where nothing is allowed keeps the floor.
  return reached === 0 ? Math.max(1, bound) : bound / reached;
}

/** The result that is furthest below its floor; undefined where nothing was measured. */
export function worstOf(results: readonly FloorResult[]): FloorResult | undefined {
  let worst: FloorResult | undefined;
  for (const result of results) {
    if (result.ratio !== undefined && (worst?.ratio === undefined || result.ratio < worst.ratio)) worst = result;
  }
  return worst;
}
