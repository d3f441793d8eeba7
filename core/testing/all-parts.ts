import { columnChunks } from "../connectors/column-source.ts";
import { dynamicCodec } from "../data/dynamic-type.ts";
import { codecs } from "../data/coded-type.ts";
import type { Part } from "../lib/part.ts";
import { countWindows } from "../operators/count-window-factory.ts";
import { expressionOperators } from "../operators/expression-factories.ts";
import { functionOperators, keyedOperators } from "../operators/function-factories.ts";
import { jsKernel, kernelPanes, keyedPanes, wasmKernel, windowBatches, windowFunctions } from "../operators/window-parts.ts";
import { sessionWindows, windows } from "../operators/window-factory.ts";
import { snapshotCode, tablesAndTimers } from "../state/state-parts.ts";
import { batchInput, exchange, localLines, localRecovery } from "../runtime/job-parts.ts";

/** Whoever makes operators and jobs without an executor loads all parts first. */
export const ALL_PARTS: readonly Part<unknown>[] = [
  batchInput,
  codecs,
  columnChunks,
  countWindows,
  dynamicCodec,
  exchange,
  expressionOperators,
  functionOperators,
  jsKernel,
  kernelPanes,
  keyedOperators,
  keyedPanes,
  localLines,
  localRecovery,
  sessionWindows,
  snapshotCode,
  tablesAndTimers,
  wasmKernel,
  windowBatches,
  windowFunctions,
  windows,
];
