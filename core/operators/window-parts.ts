import { Part } from "../lib/part.ts";

/**
 * What holds the panes of a window operator: memory (a kernel where one can, else tables), tables in any case, or keyed state and timers. Results and snapshots
 * are the same.
 */
export type PanesKind = "memory" | "heap" | "keyed";

/** What holds panes elsewhere than in tables on the heap; `windowFactory` names which of it a job needs. */
export const kernelPanes = /* @__PURE__ */ new Part(() => import("../windows/kernel-panes.ts"));
export const jsKernel = /* @__PURE__ */ new Part(() => import("../windows/js-kernel.ts"));
export const wasmKernel = /* @__PURE__ */ new Part(() => import("../windows/wasm-kernel.ts"));
export const keyedPanes = /* @__PURE__ */ new Part(() => import("./window-keyed-panes.ts"));
/** What windows do with columns. */
export const windowBatches = /* @__PURE__ */ new Part(() => import("./window-batches.ts"));
/** What calls a window function, with state and context. */
export const windowFunctions = /* @__PURE__ */ new Part(() => import("./window-function-calls.ts"));
