import { generateColumns, slidingWithArrays, totalsWithArrays, tumblingWithArrays } from "../plain.ts";
import { Tally } from "../tally.ts";
import type { Variant } from "../variant.ts";
import { preparedLoop, type PlainLoop } from "../plain-run.ts";
import type { Work, WorkKind } from "../works.ts";

const LOOPS: Readonly<Partial<Record<WorkKind, PlainLoop>>> = {
  generate: generateColumns,
  tumbling: tumblingWithArrays,
  sliding: slidingWithArrays,
  process: totalsWithArrays,
};

export const variant: Variant = {
  name: "plain-arrays",
  title: "plain arrays",
  order: 11,
  note:
    "A loop by hand over columns with typed arrays indexed by key (bench/plain.ts): it knows that keys are 0…n − 1, and " +
    "numbers strings by a Map.",
  refuses: (work) => (LOOPS[work.kind] === undefined ? "written with maps only" : undefined),
  prepare: async (work, events) => preparedLoop(loopOf(work), work, events, new Tally()),
};

function loopOf(work: Work): PlainLoop {
  const loop = LOOPS[work.kind];
  if (loop === undefined) throw new Error(`there is no loop with arrays for "${work.name}"`);
  return loop;
}
