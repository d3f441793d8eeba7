import { loadKernelModule } from "tamias/node";
import { afterEightJobs, refusalOf } from "../tamias-run.ts";
import type { Variant } from "../variant.ts";

export const variant: Variant = {
  name: "tamias-rows-kernel",
  title: "rows → kernel",
  order: 32,
  note:
    "Built-in aggregates over the same source of rows: the window operator turns rows into columns for the WebAssembly " +
    "kernel. After eight jobs, as all below.",
  refuses: (work) => refusalOf("rows-kernel", work),
  prepare: async (work, events) => afterEightJobs("rows-kernel", await loadKernelModule(), work, events),
};
