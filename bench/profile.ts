import { readFileSync } from "node:fs";
import { ROOT, lastLineOf, runProgram } from "./child-process.ts";
import { aligned } from "./report.ts";
import type { RunReport } from "./variant.ts";
import { workNamed } from "./works.ts";

/** Where a record's time goes: the CPU profile of one timed run, by the steps that a record goes through. */

const PROFILED_EVENTS = 3_000_000;
const FUNCTIONS_SHOWN = 25;

/** The first pattern that matches the file of a function (or its name, in round brackets) says which step it belongs to. */
const STEPS: readonly (readonly [RegExp, string])[] = [
  [/\(garbage collector\)/, "garbage collection"],
  [/\.cache\/bench\//, "bench: generating, key selector, aggregate of the user, tally"],
  [/core\/connectors\/(source|split)/, "source operator, timestamps"],
  [/core\/time\//, "watermarks: generator, merging, valve"],
  [
    /core\/runtime\/(record-writer|channel|lane|batch-sender|column-router|batch-merger)|core\/lib\/(bytes|varint)/,
    "exchange: bytes out and in",
  ],
  [
    /core\/data\/(channel-buffer|(dynamic|column)-(writer|reader|format)|time-codec|object-shape|plain-value)/,
    "exchange: bytes out and in",
  ],
  [/core\/runtime\/input-gate/, "input gate"],
  [/core\/(data\/key|lib\/hash|state\/key-groups)/, "key: identity, hash, group"],
  [/core\/windows\//, "windows: assigner, panes, aggregates, schedule"],
  [/core\/operators\/window/, "window operator"],
  [/core\/(state|functions)\//, "state access, function binding"],
  [/core\/operators\//, "other operators"],
  [/core\/connectors\/.*sink/, "sink operator"],
  [/core\/runtime\//, "task, chain, mailbox"],
  [/core\//, "other parts of core"],
];

interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  /** µs before each sample. */
  readonly timeDeltas: readonly number[];
}

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
}

/** Lines that say how long each step takes per event. */
export async function profileRun(workName: string, variant: string): Promise<string[]> {
  const work = workNamed(workName);
  const path = `${ROOT}/.cache/bench/${work.name}.cpuprofile`;
  const plain = JSON.parse(
    lastLineOf(await runProgram("run-variant", [variant, work.name, String(PROFILED_EVENTS)])),
  ) as RunReport;
  await runProgram("run-variant", [variant, work.name, String(PROFILED_EVENTS), path]);
  const nsPerEvent = ((plain.cpuMs ?? plain.ms) * 1e6) / PROFILED_EVENTS;
  const shares = selfTimes(JSON.parse(readFileSync(path, "utf8")) as CpuProfile);
  const steps = new Map<string, number>();
  const functions = new Map<string, number>();
  for (const [frame, share] of shares) {
    const step = STEPS.find(([pattern]) => pattern.test(`${frame.url} ${frame.functionName}`))?.[1] ?? "Node and V8";
    steps.set(step, (steps.get(step) ?? 0) + share);
    const own = frame.functionName === "" ? "(anonymous)" : frame.functionName;
    const name = `${own} ${frame.url.split("/").at(-1)}:${frame.lineNumber + 1}`;
    functions.set(name, (functions.get(name) ?? 0) + share);
  }
  const rows = (map: Map<string, number>): string[][] =>
    [...map]
      .sort((a, b) => b[1] - a[1])
      .slice(0, FUNCTIONS_SHOWN)
      .map(([name, share]) => [name, (share * nsPerEvent).toFixed(1), `${(share * 100).toFixed(1)} %`]);
  return [
    `${work.title}, ${variant}: ${nsPerEvent.toFixed(0)} ns of CPU time of the thread per event, shares by samples of a ` +
    `second run`,
    "",
    ...aligned(["step", "ns", "share"], rows(steps)),
    "",
    ...aligned(["function", "ns", "share"], rows(functions)),
  ];
}

/** The share of each function's own time. */
function selfTimes({ nodes, samples, timeDeltas }: CpuProfile): Map<CallFrame, number> {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const own = new Map<CallFrame, number>();
  let total = 0;
  for (const [at, id] of samples.entries()) {
    const frame = frames.get(id);
    const micros = timeDeltas[at] ?? 0;
    if (frame === undefined || /^\((idle|program)\)$/.test(frame.functionName) || frame.url.startsWith("node:inspector"))
      continue;
    own.set(frame, (own.get(frame) ?? 0) + micros);
    total += micros;
  }
  return new Map([...own].map(([frame, micros]) => [frame, micros / total]));
}
