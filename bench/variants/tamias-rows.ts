import { afterEightJobs, refusalOf } from "../tamias-run.ts";
import type { Variant } from "../variant.ts";

export const variant: Variant = {
  name: "tamias-rows",
  title: "Tamias rows",
  order: 30,
  note:
    "Jobs whose functions are the user's own, row by row: windows with an AggregateFunction that can be merged " +
    "(sessions: built-in aggregates), with watermarks, " +
    "late side output and counters, in a process in which eight different jobs have run.",
  refuses: (work) => refusalOf("rows", work),
  prepare: (work, events) => afterEightJobs("rows", undefined, work, events),
};
