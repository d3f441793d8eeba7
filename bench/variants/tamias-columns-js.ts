import { afterEightJobs, refusalOf } from "../tamias-run.ts";
import type { Variant } from "../variant.ts";

export const variant: Variant = {
  name: "tamias-columns-js",
  title: "columns + JS kernel",
  order: 34,
  note: "The same without WebAssembly: the kernel's twin in JavaScript.",
  refuses: (work) => refusalOf("columns", work),
  prepare: (work, events) => afterEightJobs("columns", undefined, work, events),
};
