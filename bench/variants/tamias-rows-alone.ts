import { alone } from "../tamias-run.ts";
import type { Variant } from "../variant.ts";

const WORKS = new Set(["tumbling", "process"]);

export const variant: Variant = {
  name: "tamias-rows-alone",
  title: "rows, one job",
  order: 31,
  note: "The same in a process that has run this job only: what eight jobs cost.",
  refuses: (work) => (WORKS.has(work.name) ? undefined : "measured for two works"),
  prepare: (work, events) => alone("rows", undefined, work, events),
};
