import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import process from "node:process";
import { isBuilt } from "../scripts/built-package.ts";
import { AMOUNTS } from "./amounts.ts";
import { endBrowsers } from "./browser-pages.ts";
import { ROOT, buildPrograms, endPrograms } from "./child-process.ts";
import { CLUSTER_MEASUREMENTS } from "./clusters/measurements.ts";
import { figuresOf } from "./figures.ts";
import { Deadline } from "./deadline.ts";
import { ENGINES } from "./engine-runs.ts";
import { FLINK_VERSION, buildFlink, missingForFlink } from "./flink-runs.ts";
import { FLOORS, type Figures, resultOf, worstOf } from "./floors.ts";
import { type Asked, type FullRunEnd, durationText, isAskedFor, runAll } from "./full-run.ts";
import { type Column, FLINK_COLUMN, columnsOfVariants } from "./measurements.ts";
import { unknownName } from "./names.ts";
import { type Options, USAGE, optionsOf } from "./options.ts";
import { profileRun } from "./profile.ts";
import { Progress } from "./progress.ts";
import { runQuick } from "./quick-run.ts";
import { type Report, floorTable, measuredPart, tableOf } from "./report.ts";
import { type Occasion, ResultStore, readResults } from "./results.ts";
import { type Settings, settingsOf } from "./settings.ts";
import { WORKS } from "./works.ts";

const BEGIN = "<!-- measured: begin -->";
const END = "<!-- measured: end -->";

async function main(): Promise<number> {
  const options = optionsOf(process.argv.slice(2));
  if (typeof options === "string") return refuse(`${options}\n\n${USAGE}`);
  if (options.help) return printed([USAGE]);
  const missing = options.flink ? missingForFlink() : undefined;
  if (missing !== undefined) return refuse(`${missing}; without --flink the benchmark runs all else`);
  if (!isBuilt() && spawnSync(process.execPath, [`${ROOT}/scripts/build.ts`], { stdio: "inherit" }).status !== 0) return 1;
  const columns = await columnsOfVariants();
  const unknown = unknownNameIn(options, columns);
  if (unknown !== undefined) return refuse(unknown);
  await buildPrograms(options.profile === undefined ? "package" : "modules");
  if (options.profile !== undefined) return printed(await profileRun(options.profile, options.variant));
  const settings = settingsOf();
  if (options.quick) return quick(columns, settings);
  if (options.flink) await buildFlink();
  return full(options, columns, settings);
}

async function quick(columns: readonly Column[], { scale, resultsPath }: Settings): Promise<number> {
  const last = readResults(resultsPath);
  const run = await runQuick(columns, last, scale, (line) => console.log(line));
  console.log(["", ...floorTable(run), ""].join("\n"));
  const dates = new Set(Object.values(last.flinkToPlain).map(({ occasion }) => last.occasions[occasion]?.date));
  if (dates.size > 0) console.log(`Flink as it was to the plain Map loop on ${[...dates].join(" and ")}.`);
  for (const fault of run.faults) console.log(`NOT EQUAL: ${fault}`);
  console.log(worstLine(run));
  return run.faults.length === 0 ? 0 : 1;
}

async function full(options: Options, variants: readonly Column[], settings: Settings): Promise<number> {
  const { flink, writes, minutes } = options;
  const { scale, resultsPath } = settings;
  const store = new ResultStore(readResults(resultsPath), writes ? resultsPath : undefined);
  store.begin(occasionOf(options));
  const progress = new Progress(process.stderr);
  const end = await runAll({
    ...askedFor(options, variants),
    scale,
    resumes: options.resume,
    store,
    deadline: new Deadline(minutes * 60_000),
    end: endAll,
    note: (line) => progress.note(line),
    progress: (line) => progress.show(line),
  });
  progress.end();
  const hasFlink = flink || Object.values(store.results.figures).some((ofWork) => ofWork["flink"] !== undefined);
  const columns = hasFlink ? [...variants, FLINK_COLUMN] : variants;
  return told({ ...figuresOf(store.results), results: store.results, columns, scale }, end, options, settings);
}

function askedFor({ flink, browsers, only, runs }: Options, variants: readonly Column[]): Asked {
  const reference = variants.find(({ name }) => name === "plain-map");
  if (reference === undefined) throw new Error("the plain Map loop, which all results are compared with, is missing");
  const columns = flink ? [...variants, FLINK_COLUMN] : variants;
  return { columns, reference, runs, only: only ?? "", hasFlink: flink, hasBrowsers: browsers };
}

/** What is wrong with the names of a command line, as sentences; undefined where each of them means something. */
function unknownNameIn(options: Options, columns: readonly Column[]): string | undefined {
  const { only, profile, variant } = options;
  const works = WORKS.map(({ name }) => name);
  const variants = columns.map(({ name }) => name);
  if (profile !== undefined) {
    const work = WORKS.find(({ name }) => name === profile);
    if (work === undefined) return unknownName("--profile", profile, works);
    const column = columns.find(({ name }) => name === variant);
    if (column === undefined) return unknownName("--variant", variant, variants);
    const reason = column.refuses(work);
    return reason === undefined ? undefined : `--profile: ${variant} does not do ${profile}: ${reason}`;
  }
  if (only === undefined || isAskedFor(only, askedFor(options, columns))) return undefined;
  if (isAskedFor(only, askedFor({ ...options, flink: true, browsers: true }, columns)))
    return `--only: "${only}" is measured with --flink or --browsers only`;
  const amounts = AMOUNTS.map(({ name }) => `amount, ${name}`);
  const clusters = CLUSTER_MEASUREMENTS.map(({ name }) => `clusters, ${name}`);
  return unknownName("--only", only, [...works, ...variants, "flink", ...amounts, "clusters", ...clusters, ...ENGINES.map((name) => `engine, ${name}`)]);
}

/** Prints what came of it, and writes the page where nothing is wrong. */
function told(report: Report, { faults, left }: FullRunEnd, { writes }: Options, { pagePath }: Settings): number {
  console.log(["", ...tableOf(report), "", ...floorTable(report), ""].join("\n"));
  if (left.length > 0) {
    const names = left.map(({ name, expectedMs }) => (expectedMs === undefined ? name : `${name} (${durationText(expectedMs)})`));
    const next = writes ? "the same command with --resume goes on" : "nothing of --only is kept without --write";
    console.log(`There was no time for ${left.length} more: ${next}.\nLeft: ${names.join("; ")}.`);
  }
  for (const fault of faults) console.log(`FAULT: ${fault}`);
  if (writes && faults.length === 0) writePage(pagePath, measuredPart(report));
  if (writes && faults.length > 0) console.log(`${pagePath} stays as it was; --resume measures again what is missing.`);
  console.log(worstLine(report));
  return faults.length === 0 ? 0 : 1;
}

function writePage(path: string, measured: string): void {
  const before = existsSync(path) ? readFileSync(path, "utf8") : `# Performance\n\n${BEGIN}\n${END}\n`;
  const [head, rest] = [before.split(BEGIN)[0], before.split(END)[1]];
  if (head === undefined || rest === undefined) throw new Error(`${path} has lost its marks ${BEGIN} and ${END}`);
  writeFileSync(path, `${head}${BEGIN}\n\n${measured}\n${END}${rest}`);
}

function occasionOf({ flink, runs }: Options): Occasion {
  const version = (name: string): string =>
    (JSON.parse(readFileSync(`${ROOT}/node_modules/${name}/package.json`, "utf8")) as { readonly version: string }).version;
  const own = (JSON.parse(readFileSync(`${ROOT}/package.json`, "utf8")) as { readonly version: string }).version;
  const libraries = ["RxJS", "@tanstack/db-ivm", "esbuild"].map((name) => `${name} ${version(name.toLowerCase())}`);
  const java = flink ? /version "([^"]+)"/.exec(spawnSync("java", ["-version"], { encoding: "utf8" }).stderr)?.[1] : undefined;
  const versions = [`Tamias ${own}`, `Node ${process.versions.node}`, ...libraries];
  if (java !== undefined) versions.push(`Flink ${FLINK_VERSION} on Java ${java}`);
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} cores and ${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
    versions: versions.join(", "),
    runs,
  };
}

function worstLine(figures: Figures): string {
  const worst = worstOf(FLOORS.map((floor) => resultOf(floor, figures)));
  return worst?.ratio === undefined
    ? "worst ratio: nothing was measured"
    : `worst ratio: ${worst.floor.name} ${worst.ratio.toFixed(2)} of its floor`;
}

function printed(lines: readonly string[]): number {
  console.log(lines.join("\n"));
  return 0;
}

function refuse(reason: string): number {
  console.error(reason);
  return 2;
}

/** Browsers first: while they run no program does, and what is ended last begins nothing after it. */
async function endAll(): Promise<void> {
  await endBrowsers();
  endPrograms();
}

/** The signals by which people and systems end a program, each with its number. */
for (const [signal, number] of [["SIGINT", 2] as const, ["SIGTERM", 15] as const]) {
  process.once(signal, () => {
    void endAll().finally(() => {
      console.error("\ninterrupted; what is measured stays, and the same command with --resume goes on");
      process.exit(128 + number);
    });
  });
}

process.exitCode = await main();
