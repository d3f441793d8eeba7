import process from "node:process";
import { bundleSizeOfReadme, gzippedKernelSize } from "./bundle-size.ts";
import { lastLineOf, outputOf, programPath, runProgram, timeToFirstOutput } from "./child-process.ts";
import { firstResultOfFlink } from "./flink-runs.ts";
import type { AmountFigure } from "./results.ts";
import type { SnapshotReport } from "./snapshot-run.ts";
import type { RunReport } from "./variant.ts";
import { type Scale, workNamed } from "./works.ts";

/** What is measured beside rates, in the order of the page. */
export interface Amount {
  readonly name: string;
  readonly title: string;
  readonly needsFlink?: true;
  measure(runs: number, scale: Scale): Promise<AmountFigure>;
}

/** Node's own bound grows with the memory of the machine; with this one, memory costs a little time. */
const SMALL_YOUNG_GENERATION = "--max-semi-space-size=16";

const BOUNDED_KEYS = 100_000_000;

/** MiB, as bounded-memory.ts prints them. */
interface Peaks {
  readonly early: number;
  readonly late: number;
}

export const AMOUNTS: readonly Amount[] = [
  {
    name: "firstResultMs",
    title: "process start → first window result",
    measure: async (runs, scale) => milliseconds(await medianOf(runs, () => firstResult(scale))),
  },
  {
    name: "firstResultFlinkMs",
    title: "the same, Flink",
    needsFlink: true,
    measure: async (runs) => milliseconds(await medianOf(Math.min(3, runs), () => firstResultOfFlink(workNamed("tumbling")))),
  },
  {
    name: "nodeRssMb",
    title: "peak memory of Node that does nothing",
    measure: async () => megabytes(Number(lastLineOf(await runProgram("memory-floor", [])))),
  },
  ...["plain-map", "tamias-rows-alone", "tamias-columns-kernel"].map(smallMemory),
  snapshot("windowSnapshotIntegers", "window panes on the heap, integer keys", ["user-window", "integer"]),
  snapshot("windowSnapshotStrings", "window panes on the heap, string keys", ["user-window", "string"]),
  snapshot("stateSnapshotIntegers", "ValueState, integer keys", ["process", "integer"]),
  snapshot("stateSnapshotStrings", "ValueState, string keys", ["process", "string"]),
  snapshot("kernelSnapshotIntegersMs", "window panes in the kernel, integer keys", ["kernel-window", "integer"]),
  snapshot("kernelSnapshotStringsMs", "window panes in the kernel, string keys", ["kernel-window", "string"]),
  {
    name: "boundedMemoryMib",
    title: `${BOUNDED_KEYS / 1e6} M different keys over time, held by the kernel`,
    async measure() {
      const output = await outputOf(process.execPath, ["bench/bounded-memory.ts", String(BOUNDED_KEYS), "wasm"]);
      const { early, late } = (JSON.parse(lastLineOf(output)) as { readonly kernelMib: Peaks }).kernelMib;
      return { value: late, shown: `at most ${early} MiB in the first fifth of the run, ${late} MiB after it` };
    },
  },
  {
    name: "bundleKb",
    title: "what the README's job loads, bundled by esbuild, without WASM",
    async measure() {
      const { minifiedBytes, gzippedBytes, otherGzippedBytes } = await bundleSizeOfReadme();
      const others = `parts that other jobs load ${(otherGzippedBytes / 1e3).toFixed(1)} KB`;
      const shown = `${(minifiedBytes / 1e3).toFixed(1)} KB, gzipped ${(gzippedBytes / 1e3).toFixed(1)} KB; ${others}`;
      return { value: gzippedBytes / 1_000, shown };
    },
  },
  {
    name: "kernelKb",
    title: "the kernel's WebAssembly module",
    measure: async () => kilobytes(gzippedKernelSize()),
  },
];

function smallMemory(variant: string): Amount {
  return {
    name: `smallRssMb ${variant}`,
    title: `peak memory, tumbling, ${variant}, with node ${SMALL_YOUNG_GENERATION}`,
    async measure(_runs, { events }) {
      const output = await runProgram("run-variant", [variant, "tumbling", String(events)], [SMALL_YOUNG_GENERATION]);
      return megabytes((JSON.parse(lastLineOf(output)) as RunReport).peakRssBytes);
    },
  };
}

function snapshot(name: string, title: string, kind: readonly string[]): Amount {
  return {
    name,
    title: `snapshot of 1 M ${title}`,
    async measure(runs, { snapshotKeys }) {
      const figures: AmountFigure[] = [];
      for (let run = 0; run < Math.min(3, runs); run += 1) {
        const output = await runProgram("snapshot-run", [...kind, String(snapshotKeys)]);
        figures.push(snapshotFigure(JSON.parse(lastLineOf(output)) as SnapshotReport));
      }
      return figures.sort((a, b) => a.value - b.value)[(figures.length - 1) >> 1]!;
    },
  };
}

function snapshotFigure({ ms, writingMs, bytes, changedMs, changedBytes }: SnapshotReport): AmountFigure {
  const text = (time: number, size: number): string => `${time.toFixed(time < 100 ? 1 : 0)} ms, ${(size / 1e6).toFixed(2)} MB`;
  // What is copied and written afterwards is copied in full each time, from the second time on into memory that is there.
  const first = writingMs < ms ? text(ms, bytes) : `${text(ms, bytes)} written in ${writingMs.toFixed(0)} ms afterwards`;
  return { value: writingMs < ms ? ms : changedMs, shown: `${first}; the next, 1 % changed: ${text(changedMs, changedBytes)}` };
}

/** From the start of a process to its first window result, ms. */
export function firstResult({ firstResultEvents }: Scale): Promise<number> {
  return timeToFirstOutput(process.execPath, [programPath("first-result-job"), String(firstResultEvents)]);
}

export async function medianOf(runs: number, measure: () => Promise<number>): Promise<number> {
  const values: number[] = [];
  for (let run = 0; run < runs; run += 1) values.push(await measure());
  return values.sort((a, b) => a - b)[(runs - 1) >> 1]!;
}

function milliseconds(value: number): AmountFigure {
  return { value, shown: `${value.toFixed(0)} ms` };
}

function kilobytes(bytes: number): AmountFigure {
  return { value: bytes / 1e3, shown: `gzipped ${(bytes / 1e3).toFixed(1)} KB` };
}

function megabytes(bytes: number): AmountFigure {
  return { value: bytes / 1e6, shown: `${(bytes / 1e6).toFixed(0)} MB` };
}
