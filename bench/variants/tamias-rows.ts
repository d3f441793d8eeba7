import { afterEightJobs } from "../tamias-run.ts";
import type { Variant } from "../variant.ts";

export const variant: Variant = {
  name: "tamias-rows",
  title: "Tamias rows",
  order: 30,
  note: "The jobs of bench/jobs/ on the row path, with watermarks, late side output and counters, in a process in which eight different jobs have run.",
  refuses: () => undefined,
  prepare: afterEightJobs,
};
