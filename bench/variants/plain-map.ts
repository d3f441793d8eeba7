import { generateRows, sessionsWithMaps, slidingWithMaps, totalsWithMaps, windowsWithMaps } from "../plain.ts";
import { Tally } from "../tally.ts";
import type { Variant } from "../variant.ts";
import { preparedLoop, type PlainLoop } from "../plain-run.ts";
import type { WorkKind } from "../works.ts";

const LOOPS: Readonly<Record<WorkKind, PlainLoop>> = {
  generate: generateRows,
  tumbling: windowsWithMaps,
  sliding: slidingWithMaps,
  sessions: sessionsWithMaps,
  process: totalsWithMaps,
  "user-aggregate": windowsWithMaps,
};

export const variant: Variant = {
  name: "plain-map",
  title: "plain Map",
  order: 10,
  note:
    "A loop by hand over rows with a Map of objects (bench/plain.ts), with event time, disorder and lateness; sliding " +
    "windows as running totals.",
  refuses: () => undefined,
  prepare: async (work, events) => preparedLoop(LOOPS[work.kind], work, events, new Tally()),
};
