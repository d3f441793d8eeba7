import { D2, groupBy, groupByOperators, output } from "@tanstack/db-ivm";
import { RowBlocks } from "../events.ts";
import { preparedLoop } from "../plain-run.ts";
import { Tally } from "../tally.ts";
import type { Variant } from "../variant.ts";
import type { Work } from "../works.ts";

export const variant: Variant = {
  name: "db-ivm",
  title: "db-ivm",
  order: 41,
  note:
    "@tanstack/db-ivm: groupBy of key and window with sum and count, run after each block of 4,096. It keeps a view, not " +
    "windows: every row stays in memory (so half a million events at most), every block changes results, nothing is ever " +
    "late or final. What it has replaced is taken out of the checksum.",
  refuses(work) {
    if (work.kind === "generate") return "the plain loop is the same";
    if (work.hasLate) return "a view has no firings, so no re-firings";
    if (work.kind === "sliding" || work.kind === "user-aggregate") return "no operator gives several rows for one";
    if (work.kind === "sessions") return "no merging groups";
    return work.kind === "process" ? "a view has no result per event" : undefined;
  },
  eventsMax: 500_000,
  prepare: async (work, events) => preparedLoop(view, work, events, new Tally(), 1 / 4),
};

function view(work: Work, events: number, tally: Tally): void {
  const { sizeMs } = work;
  const { sum, count } = groupByOperators;
  const graph = new D2();
  const input = graph.newInput<{ key: number | string; last: number; value: number }>();
  input.pipe(
    groupBy(({ key, last }) => ({ key, last }), { count: count(), sum: sum(({ value }) => value) }),
    output((changes) => {
      for (const [[, row], multiplicity] of changes.getInner()) {
        const { last, count, sum } = row as unknown as { last: number; count: number; sum: number };
        for (let times = multiplicity; 0 < times; times -= 1) tally.add(last, count, sum);
        for (let times = multiplicity; times < 0; times += 1) tally.remove(last, count, sum);
      }
    }),
  );
  graph.finalize();
  const blocks = new RowBlocks(work, events);
  while (blocks.fill()) {
    input.sendData(
      blocks.rows
        .slice(0, blocks.length)
        .map(({ key, value, time }) => [{ key, value, last: Math.floor(time / sizeMs) * sizeMs + sizeMs - 1 }, 1]),
    );
    graph.run();
  }
}
