import type { Type } from "../data/type.ts";
import type { KernelModule } from "../host/kernel-module.ts";
import type { Slots } from "../windows/aggregate-slots.ts";
import type { ColumnPanes } from "../windows/column-panes.ts";
import { HeapPanes } from "../windows/heap-panes.ts";
import type { BatchKeys } from "../windows/kernel-batch.ts";
import type { MakeKernel } from "../windows/kernel.ts";
import type { WindowContents } from "../windows/pane-functions.ts";
import type { PanesOptions } from "../windows/pane-layout.ts";
import type { PaneDeadlines, Panes } from "../windows/panes.ts";
import type { Window } from "../windows/time-window.ts";
import type { WindowAssigner } from "../windows/window-assigner.ts";
import type { OperatorContext } from "./operator.ts";
import { slicesOf } from "./window-kernel.ts";
import { jsKernel, keyedPanes, kernelPanes, type PanesKind, wasmKernel } from "./window-parts.ts";

export interface WindowPanesOptions<T, Contents, V> {
  readonly assigner: WindowAssigner<T, Window>;
  readonly contents: WindowContents<T, Contents, V>;
  readonly contentsType: Type<Contents>;
  readonly deadlines: PaneDeadlines;
  /** Where panes that take batches find the keys. */
  readonly batchKeys: BatchKeys;
  /** See `isInKernel`; only panes in memory are. */
  readonly inKernel: boolean;
}

/** The panes of an operator; those that take columns by that name too. */
export interface WindowPanes<T, Contents> {
  readonly panes: Panes<T, Contents>;
  readonly columnPanes: ColumnPanes<T, Contents> | undefined;
}

export function makePanes<T, Contents, V>(
  kind: PanesKind,
  context: OperatorContext,
  options: WindowPanesOptions<T, Contents, V>,
): WindowPanes<T, Contents> {
  const { assigner, contents, contentsType, deadlines, batchKeys, inKernel } = options;
  const registry = context.components;
  const paneOptions = { contents, contentsType, deadlines, slices: slicesOf(assigner, contents) };
  const aggregates = contents.builtIn;
  if (kind === "memory" && aggregates !== undefined && inKernel) {
    const makeKernel = kernelsOf(context.kernel);
    // Contents of built-in aggregates are slots, which the compiler cannot conclude.
    const slotOptions = paneOptions as unknown as PanesOptions<T, Slots>;
    const made = new kernelPanes.module.KernelPanes<T>({ ...slotOptions, registry, aggregates, makeKernel, batchKeys });
    const panes = made as unknown as ColumnPanes<T, Contents>;
    return { panes, columnPanes: panes };
  }
  if (kind !== "keyed") return { panes: new HeapPanes({ ...paneOptions, registry }), columnPanes: undefined };
  return { panes: keyedPanes.module.makeKeyedPanes({ ...paneOptions, registry }), columnPanes: undefined };
}

/** What makes the kernels of a host: in WebAssembly where it brings the module, else in JavaScript. */
function kernelsOf(module: KernelModule | undefined): MakeKernel {
  if (module !== undefined) return wasmKernel.module.wasmKernels(module);
  const { JsKernel } = jsKernel.module;
  return (spec) => new JsKernel(spec);
}
