import type { BrowserPages } from "../browser-pages.ts";
import { lastLineOf, runProgram } from "../child-process.ts";
import type { AmountFigure } from "../results.ts";
import type { Scale } from "../works.ts";
import { openChromium } from "./chromium.ts";
import type { Latencies } from "./jobs/paced.ts";
import { openPlayground } from "./playground.ts";
import type { LatencyAsked, Leaks, Peaks } from "./node-scenarios.ts";
import { type Frames, type ShuffleAsked, type Speeds, median } from "./scenarios.ts";

/** What is measured of clusters, in the order of the page. */
export interface ClusterMeasurement {
  /** After "clusters, " on the command line. */
  readonly name: string;
  readonly needsBrowser?: true;
  /** Whether `--quick` has it too. */
  readonly isQuick?: true;
  /** Name → title. */
  readonly amounts: Readonly<Record<string, string>>;
  /** A figure for each amount. */
  measure(runs: number, scale: Scale): Promise<Readonly<Record<string, AmountFigure>>>;
}

/** Enough for a run to take half a second. */
const SPEED_UP_FACTOR = 4;
/** Enough for a run to take half a second and more, as rows. */
const SHUFFLED_SHARE = 1 / 4;
const BUFFER_TIMEOUTS: readonly (readonly [name: string, title: string, ms: number | undefined])[] = [
  ["0", "bufferTimeout 0", 0],
  ["1", "bufferTimeout 1 ms", 1],
  ["Default", "the default bufferTimeout of 10 ms", undefined],
];
const LATENCY_EVENTS_MAX = 5_000;
const FRESH_WORKERS = 4;
const CYCLES = 1_000;
const SLOW_RECORDS = 10_000_000;
const SLOW_ROWS_PER_MS = 400;

/** What the playground's slider calls it. */
const MILLION_A_SECOND = "1,000,000 records a second";

/** Runs scenarios somewhere. */
interface Runner {
  readonly name: "Node" | "Chromium";
  run(scenario: string, asked: object): Promise<unknown>;
  close(): Promise<void>;
}

/** Each in a process of its own, which keeps compiled code: what it holds is that of jobs. */
const NODE: Runner = { name: "Node", run: inNode, close: async () => {} };

async function inNode(scenario: string, asked: object): Promise<unknown> {
  return JSON.parse(lastLineOf(await runProgram("clusters/node-run", [scenario, JSON.stringify(asked)], ["--expose-gc", "--no-flush-bytecode"])));
}

async function chromium(): Promise<Runner> {
  const pages: BrowserPages = await openChromium();
  return { name: "Chromium", run: (scenario, asked) => pages.outcomeOf({ scenario, asked: JSON.stringify(asked) }), close: () => pages.close() };
}

export const CLUSTER_MEASUREMENTS: readonly ClusterMeasurement[] = [
  ...onBoth("speed-up", speedUpOn, true),
  shuffles(),
  ...(["at rest between events", "never at rest"] as const).map(latencies),
  ...onBoth("start", startOn, true),
  ...onBoth("death", deathOn),
  pageFrames(),
  leaks(),
  ...(["in place", "threads"] as const).map(boundedMemory),
];

/** What can be run in Node and in Chromium alike. */
interface OnBoth {
  readonly amounts: ClusterMeasurement["amounts"];
  measure(runner: Runner, runs: number, scale: Scale): ReturnType<ClusterMeasurement["measure"]>;
}

function onBoth(name: string, on: (place: Runner["name"]) => OnBoth, isQuick?: true): ClusterMeasurement[] {
  const [inNode, inChromium] = [on("Node"), on("Chromium")];
  return [
    {
      name: `${name}, Node`,
      ...(isQuick === undefined ? {} : { isQuick }),
      amounts: inNode.amounts,
      measure: (runs, scale) => inNode.measure(NODE, runs, scale),
    },
    {
      name: `${name}, Chromium`,
      needsBrowser: true,
      amounts: inChromium.amounts,
      async measure(runs, scale) {
        const runner = await chromium();
        try {
          return await inChromium.measure(runner, runs, scale);
        } finally {
          await runner.close();
        }
      },
    },
  ];
}

function speedUpOn(place: Runner["name"]): OnBoth {
  const [chained, exchanging] = [`speedUpChained ${place}`, `speedUpExchanging ${place}`];
  const work = "tumbling, columns + kernel";
  return {
    amounts: {
      [chained]: `${work}, ${place}: two workers to one with all in one chain`,
      [exchanging]: `${work}, ${place}: two workers to one with the same exchange`,
    },
    async measure(runner, runs, { events }) {
      const speeds = (await runner.run("speedUp", { events: SPEED_UP_FACTOR * events, runs })) as Speeds;
      const factorTo = (one: number): AmountFigure => factor(speeds.two / one, `${millions(one)} → ${millions(speeds.two)} events/s`);
      return { [chained]: factorTo(speeds.chained), [exchanging]: factorTo(speeds.exchanging) };
    },
  };
}

function shuffles(): ClusterMeasurement {
  const measured = async (scenario: string, asked: Partial<ShuffleAsked>): Promise<number> => ((await inNode(scenario, asked)) as { readonly recordsPerSecond: number }).recordsPerSecond;
  return {
    name: "shuffle, Node",
    amounts: {
      shuffleClone: "arrays of rows between two threads, cloned by the platform",
      shuffleRowsMessage: "rows between two workers, by messages",
      shuffleRowsMemory: "rows between two workers, by shared memory",
      shuffleColumnsMessage: "columns between two workers, by messages",
      shuffleColumnsMemory: "columns between two workers, by shared memory",
      shuffleRows: "rows by the slower way",
      shuffleRowsToClone: "the same, to cloned arrays of rows",
      shuffleColumnsToClone: "columns by the slower way, to cloned arrays of rows",
    },
    async measure(runs, { events }) {
      const records = Math.ceil(events * SHUFFLED_SHARE);
      const clone = await measured("cloned", { records, runs });
      const [message, memory] = [{ transport: "message", runs }, { transport: "shared-memory", runs }] as const;
      const rows = [await measured("shuffle", { ...message, form: "rows", records }), await measured("shuffle", { ...memory, form: "rows", records })] as const;
      const columns = [
        await measured("shuffle", { ...message, form: "columns", records: 4 * records }),
        await measured("shuffle", { ...memory, form: "columns", records: 4 * records }),
      ] as const;
      const [slowerRows, slowerColumns] = [Math.min(...rows), Math.min(...columns)];
      return {
        shuffleClone: rate(clone),
        shuffleRowsMessage: rate(rows[0]),
        shuffleRowsMemory: rate(rows[1]),
        shuffleColumnsMessage: rate(columns[0]),
        shuffleColumnsMemory: rate(columns[1]),
        shuffleRows: rate(slowerRows),
        shuffleRowsToClone: factor(slowerRows / clone),
        shuffleColumnsToClone: factor(slowerColumns / clone),
      };
    },
  };
}

function latencies(source: "at rest between events" | "never at rest"): ClusterMeasurement {
  const busy = source === "never at rest";
  const nameOf = (timeout: string): string => `latencyMs${busy ? "Busy" : ""} ${timeout}`;
  return {
    name: `latency, source ${source}`,
    amounts: Object.fromEntries(BUFFER_TIMEOUTS.map(([name, title]) => [nameOf(name), `event → result, 1,000 events/s, source ${source}, ${title}`])),
    async measure(_runs, scale) {
      const figures: Record<string, AmountFigure> = {};
      for (const [name, , bufferTimeout] of BUFFER_TIMEOUTS) {
        const asked: LatencyAsked = { events: Math.min(scale.events, LATENCY_EVENTS_MAX), bufferTimeout, busy };
        const { p50, p99 } = (await inNode("latency", asked)) as Latencies;
        figures[nameOf(name)] = { value: p99 / 1_000, shown: `p50 ${micros(p50)}, p99 ${micros(p99)}` };
      }
      return figures;
    },
  };
}

function startOn(place: Runner["name"]): OnBoth {
  const name = `startMs ${place}`;
  return {
    amounts: { [name]: `start of ${FRESH_WORKERS} fresh workers → first window result, ${place}` },
    async measure(runner, runs, { firstResultEvents: events }) {
      const ms: number[] = [];
      for (let run = 0; run < runs; run += 1) ms.push(((await runner.run("start", { workers: FRESH_WORKERS, events })) as { readonly ms: number }).ms);
      return { [name]: { value: median(ms), shown: `${median(ms).toFixed(0)} ms` } };
    },
  };
}

function deathOn(place: Runner["name"]): OnBoth {
  const [ends, spins] = [`deathMs ${place}`, `spinMs ${place}`];
  return {
    amounts: { [ends]: `a worker ends → the job has failed, ${place}`, [spins]: `a worker spins for ever → the job has failed, ${place}` },
    async measure(runner) {
      const after = async (how: string): Promise<AmountFigure> => {
        const { ms } = (await runner.run("death", { how })) as { readonly ms: number };
        return { value: ms, shown: `${ms} ms` };
      };
      return { [ends]: await after("end"), [spins]: await after("spin") };
    },
  };
}

function pageFrames(): ClusterMeasurement {
  return {
    name: "page, Chromium",
    needsBrowser: true,
    amounts: { pageFrames: "playground, two workers that are asked for 1 M records/s: frames of the page" },
    async measure() {
      const pages = await openPlayground();
      try {
        const { perSecond, recordsPerSecond } = (await pages.outcomeOf({ rate: MILLION_A_SECOND })) as Frames;
        return { pageFrames: { value: perSecond, shown: `${perSecond.toFixed(0)} frames/s, at ${millions(recordsPerSecond)} records/s` } };
      } finally {
        await pages.close();
      }
    },
  };
}

function leaks(): ClusterMeasurement {
  return {
    name: "cycles, Node",
    amounts: { leakedBytes: "submitting and canceling, held more a cycle by the thread that grew most", leakedResources: "workers, ports, timers more or fewer after it" },
    async measure(_runs, { events }) {
      const { byThread, changed } = (await inNode("cycles", { count: Math.min(CYCLES, Math.ceil(events / 400)) })) as Leaks;
      const most = Math.max(...byThread);
      const each = byThread.map((bytes) => bytes.toFixed(0)).join(", ");
      return {
        leakedBytes: { value: Math.max(0, most), shown: `${most.toFixed(0)} bytes (by thread: ${each})` },
        leakedResources: { value: changed.length, shown: changed.length === 0 ? "none" : changed.join("; ") },
      };
    },
  };
}

function boundedMemory(where: "in place" | "threads"): ClusterMeasurement {
  const name = `heldGrowth ${where}`;
  return {
    name: `bounded memory, ${where}`,
    amounts: { [name]: `${SLOW_RECORDS / 1e6} M rows into a slow sink, ${where === "in place" ? where : "between two threads"}: what a thread holds` },
    async measure(_runs, { events }) {
      const records = Math.min(SLOW_RECORDS, 4 * events) / 2;
      const { earlyBytes, lateBytes } = (await inNode("boundedMemory", { where, records, rowsPerMs: SLOW_ROWS_PER_MS })) as Peaks;
      const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
      return { [name]: { value: lateBytes / earlyBytes, shown: `at most ${mb(earlyBytes)} in the first fifth of the run, ${mb(lateBytes)} after it` } };
    },
  };
}

function factor(value: number, more?: string): AmountFigure {
  return { value, shown: `${value.toFixed(2)} ×${more === undefined ? "" : ` (${more})`}` };
}

function rate(perSecond: number): AmountFigure {
  return { value: perSecond / 1e6, shown: `${millions(perSecond)}/s` };
}

function millions(value: number): string {
  return `${(value / 1e6).toFixed(value < 1e7 ? 2 : 0)} M`;
}

function micros(value: number): string {
  return value < 1_000 ? `${value.toFixed(0)} µs` : `${(value / 1_000).toFixed(1)} ms`;
}
