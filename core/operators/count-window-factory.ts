import { JobError } from "../lib/errors.ts";
import { Part } from "../lib/part.ts";
import { tablesAndTimers } from "../state/state-parts.ts";
import { showAggregate } from "../windows/built-in-aggregates.ts";
import type { CountWindowOptions } from "./count-window-operator.ts";
import type { OperatorFactory } from "./operator.ts";
import { windowFunctions } from "./window-parts.ts";

export const countWindows = /* @__PURE__ */ new Part(() => import("./count-window-operator.ts"));

/**
 * Builds count window operators: keyed, or, without `keyOf`, over all records.
 * @throws JobError INVALID_ARGUMENT where size or slide is no whole number from 1 on.
 */
export function countWindowFactory<T, K, Contents, V, Out>(options: CountWindowOptions<T, K, Contents, V, Out>): OperatorFactory {
  const { size, slide, contents, emit } = options;
  requireCount("size", size);
  if (slide !== undefined) requireCount("slide", slide);
  return {
    kind: options.keyOf === undefined ? "count-window-all" : "count-window",
    details: {
      window: slide === undefined ? `${size} records` : `${size} records, slide ${slide}`,
      contents: contents.kind,
      ...(contents.builtIn === undefined ? {} : { aggregates: contents.builtIn.aggregates.map(showAggregate) }),
      emit: emit.kind,
      state: slide === undefined ? "count and contents of each key's window" : `the last ${size} records of each key`,
    },
    parts: () => (emit.kind === "values" ? [countWindows, tablesAndTimers] : [countWindows, tablesAndTimers, windowFunctions]),
    create: (context) => new countWindows.module.CountWindowOperator(options, context),
  };
}

function requireCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && 1 <= value) return;
  throw new JobError(
    "INVALID_ARGUMENT",
    `the ${name} of a count window must be a whole number from 1 on, but is ${String(value)}`,
  );
}
