import { Duration } from "../lib/duration.ts";
import { Part } from "../lib/part.ts";
import { tablesAndTimers } from "../state/state-parts.ts";
import { showAggregate } from "../windows/built-in-aggregates.ts";
import type { OperatorFactory, PartUse } from "./operator.ts";
import { columnForm, isInKernel, type WindowForm, withoutJsKernel, withoutKernel } from "./window-kernel.ts";
import type { WindowOptions } from "./window-operator.ts";
import { jsKernel, kernelPanes, keyedPanes, type PanesKind, wasmKernel, windowBatches, windowFunctions } from "./window-parts.ts";

export const windows = /* @__PURE__ */ new Part(() => import("./window-operator.ts"));
export const sessionWindows = /* @__PURE__ */ new Part(() => import("./session-window-operator.ts"));

/** Builds window operators: keyed, or, without `keyOf`, over all records. */
export function windowFactory<T, K, Contents, V, Out>(
  options: Omit<WindowOptions<T, K, Contents, V, Out>, "panes"> & { readonly panes?: PanesKind },
): OperatorFactory {
  const { assigner, contents, emit, allowedLatenessMs, lateTag } = options;
  return {
    kind: options.keyOf === undefined ? "window-all" : "window",
    details: {
      window: assigner.describe(),
      contents: contents.kind,
      ...(contents.builtIn === undefined ? {} : { aggregates: contents.builtIn.aggregates.map(showAggregate) }),
      emit: emit.kind,
      ...(assigner.defaultTrigger === "eventTime"
        ? {
            allowedLateness: Duration.ofMillis(allowedLatenessMs).toString(),
            tooLate: lateTag === undefined ? "dropped and counted" : `to the side output "${lateTag.id}"`,
          }
        : {}),
      ...(assigner.defaultTrigger === "processingTime" ? { notReproducible: "windows go by the clock" } : {}),
      state: options.keyOf === undefined ? "panes by window" : "panes by key and window",
    },
    suspends: true,
    columns: columnForm(options),
    kernel: withoutKernel(assigner, contents) ?? true,
    jsKernel: withoutJsKernel(options) ?? true,
    parts: (use) => windowParts(options.panes, options, use),
    create: (context) =>
      assigner.isMerging
        ? new sessionWindows.module.SessionWindowOperator({ ...options, panes: options.panes ?? "heap" }, context)
        : new windows.module.WindowOperator({ ...options, panes: options.panes ?? "memory" }, context),
  };
}

function windowParts<T, Contents, V>(kind: PanesKind | undefined, form: WindowForm<T, Contents, V>, use: PartUse): readonly Part<unknown>[] {
  const parts: Part<unknown>[] = [form.assigner.isMerging ? sessionWindows : windows];
  if (form.emit.kind !== "values") parts.push(windowFunctions, tablesAndTimers);
  if (kind === "keyed") parts.push(keyedPanes, tablesAndTimers);
  else if (kind !== "heap" && isInKernel(form, use)) parts.push(kernelPanes, windowBatches, use.hasKernelModule ? wasmKernel : jsKernel);
  // What an operator on columns has left of a batch may be restored by one on rows.
  if (use.isRestored && !form.assigner.isMerging) parts.push(windowBatches);
  return parts;
}
