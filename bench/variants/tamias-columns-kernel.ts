import { loadKernelModule } from "tamias/node";
import { afterEightJobs, refusalOf } from "../tamias-run.ts";
import type { Variant } from "../variant.ts";

export const variant: Variant = {
  name: "tamias-columns-kernel",
  title: "columns + kernel",
  order: 33,
  note:
    "A source that gives column batches (string keys as numbers with a dictionary), keyBy of a field, built-in " +
    "aggregates, the WebAssembly kernel; results leave " +
    "as columns as far as the sink takes them.",
  refuses: (work) => refusalOf("columns", work),
  prepare: async (work, events) => afterEightJobs("columns", await loadKernelModule(), work, events),
};
