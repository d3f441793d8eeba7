import { Duration } from "../lib/duration.ts";
import type { Part } from "../lib/part.ts";
import { showAggregate } from "../windows/built-in-aggregates.ts";
import type { WindowContents } from "../windows/pane-functions.ts";
import type { Window } from "../windows/time-window.ts";
import type { WindowAssigner } from "../windows/window-assigner.ts";
import type { OperatorFactory, PartUse } from "./operator.ts";
import { columnForm, isInKernel, withoutKernel } from "./window-kernel.ts";
import type { WindowOptions } from "./window-operator.ts";
import { jsKernel, keyedPanes, kernelPanes, type PanesKind, sessionWindows, wasmKernel, windows } from "./window-parts.ts";

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
    parts: (use) => windowParts(options.panes, assigner, contents, use),
    create: (context) =>
      assigner.isMerging
        ? new sessionWindows.module.SessionWindowOperator({ ...options, panes: options.panes ?? "heap" }, context)
        : new windows.module.WindowOperator({ ...options, panes: options.panes ?? "memory" }, context),
  };
}

function windowParts<T, Contents, V>(
  kind: PanesKind | undefined,
  assigner: WindowAssigner<T, Window>,
  contents: WindowContents<T, Contents, V>,
  use: PartUse,
): readonly Part<unknown>[] {
  const operator = assigner.isMerging ? sessionWindows : windows;
  if (kind === "keyed") return [operator, keyedPanes];
  if (kind === "heap" || !isInKernel(assigner, contents, use.mode)) return [operator];
  return [operator, kernelPanes, use.hasKernelModule ? wasmKernel : jsKernel];
}
