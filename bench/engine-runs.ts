import process from "node:process";
import { build } from "esbuild";
import { pageOf } from "../scripts/browsers/page-server.ts";
import { BROWSER_NAMES, type BrowserName } from "../scripts/browsers/test-browser.ts";
import { openPages } from "./browser-pages.ts";
import { ROOT, lastLineOf, runProgram } from "./child-process.ts";
import { figureOf } from "./measurements.ts";
import type { RunReport } from "./variant.ts";
import type { Scale } from "./works.ts";

/**
 * What WebAssembly brings in each engine: the same job in Node and in real browsers, with the kernel and with its twin in
 * JavaScript.
 */

export const ENGINES: readonly string[] = ["Node", ...BROWSER_NAMES];

export interface EngineFigures {
  readonly version: string;
  readonly rows: readonly EngineRow[];
}

export interface EngineRow {
  readonly work: string;
  /** Events per second. */
  readonly kernel: number;
  readonly jsKernel: number;
  readonly ratio: number;
}

const WORKS = ["tumbling-100", "tumbling", "tumbling-1m"] as const;
const VARIANTS = ["tamias-columns-kernel", "tamias-columns-js"] as const;
/** Of the events of a full run: enough for engines to compile what is hot, little enough for three browsers. */
const SHARE = 1 / 4;

/** Runs the works in one engine; rejects where the browser is missing, or where two runs give different results. */
export async function measureEngine(
  name: string,
  runs: number,
  scale: Scale,
  progress: (line: string) => void,
): Promise<EngineFigures> {
  const engine = name === "Node" ? nodeEngine() : await browserEngine(name as BrowserName);
  try {
    const rows: EngineRow[] = [];
    for (const work of WORKS) rows.push(await rowOf(engine, work, runs, Math.ceil(scale.events * SHARE), progress));
    return { version: engine.version, rows };
  } finally {
    await engine.close();
  }
}

interface Engine {
  readonly name: string;
  readonly version: string;
  run(variant: string, work: string, events: number): Promise<RunReport>;
  close(): Promise<void>;
}

/** The two take turns, so that what else the machine does falls on both. */
async function rowOf(
  engine: Engine,
  work: string,
  runs: number,
  events: number,
  progress: (line: string) => void,
): Promise<EngineRow> {
  const reports = VARIANTS.map((): RunReport[] => []);
  for (let run = 1; run <= runs; run += 1) {
    for (const [at, variant] of VARIANTS.entries()) {
      progress(`${engine.name}, ${work}, ${variant}: run ${run} of ${runs}`);
      reports[at]!.push(await engine.run(variant, work, events));
    }
  }
  figureOf(events, reports.flat());
  const [kernel = NaN, jsKernel = NaN] = reports.map((ofVariant) => figureOf(events, ofVariant).eventsPerSecond);
  return { work, kernel, jsKernel, ratio: kernel / jsKernel };
}

function nodeEngine(): Engine {
  return {
    name: "Node",
    version: process.versions.node,
    run: async (variant, work, events) =>
      JSON.parse(lastLineOf(await runProgram("run-variant", [variant, work, String(events)]))) as RunReport,
    close: async () => {},
  };
}

/** The page of `engine-page.ts` in a browser. */
async function browserEngine(name: BrowserName): Promise<Engine> {
  const program = await pageProgram();
  const pages = await openPages(name, (path) => (path === "/" ? pageOf("/page.js") : path === "/page.js" ? { body: program } : undefined));
  return {
    name,
    version: pages.version,
    run: async (variant, work, events) => (await pages.outcomeOf({ variant, work, events: String(events) })) as RunReport,
    close: () => pages.close(),
  };
}

async function pageProgram(): Promise<Uint8Array> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["bench/engine-page.ts"],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    packages: "external",
    tsconfigRaw: {},
    write: false,
    logLevel: "warning",
  });
  return outputFiles[0]!.contents;
}
