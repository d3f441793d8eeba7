import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, totalmem } from "node:os";
import process from "node:process";
import { parseArgs } from "node:util";
import { isBuilt } from "../scripts/built-package.ts";
import { ROOT, buildPrograms } from "./child-process.ts";
import { FLINK_VERSION, buildFlink, missingForFlink } from "./flink-runs.ts";
import { FLOORS, type Figures, resultOf, worstOf } from "./floors.ts";
import { type FullRun, runAll } from "./full-run.ts";
import { flinkEstimate, readLastFullRun, writeLastFullRun } from "./last-full-run.ts";
import { type Column, FLINK_COLUMN, columnsOfVariants } from "./measurements.ts";
import { profileRun } from "./profile.ts";
import { runQuick } from "./quick-run.ts";
import { type Circumstances, floorTable, measuredPart, tableOf } from "./report.ts";
import { WORKS } from "./works.ts";

const USAGE = `npm run bench                    every work, plain loops, libraries and Tamias; writes docs/performance.md
npm run bench -- --flink         Apache Flink ${FLINK_VERSION} too (needs a JDK and Maven)
npm run bench -- --quick         what the floors ask for, in less than 50 s; writes nothing
npm run bench -- --only TEXT     works and variants whose "work, variant" contains the text; writes nothing
npm run bench -- --runs N        N runs of each instead of 5
npm run bench -- --profile WORK  where a record's time goes in Tamias rows; writes nothing`;

const DOCUMENT = `${ROOT}/docs/performance.md`;
const BEGIN = "<!-- measured: begin -->";
const END = "<!-- measured: end -->";

interface Options {
  readonly flink: boolean;
  readonly quick: boolean;
  readonly only: string | undefined;
  readonly runs: number;
  readonly profile: string | undefined;
}

async function main(): Promise<number> {
  const options = optionsOf();
  if (options === undefined) return refuse(USAGE);
  const missing = options.flink ? missingForFlink() : undefined;
  if (missing !== undefined) return refuse(`${missing}; without --flink the benchmark runs all else`);
  if (!isBuilt() && spawnSync(process.execPath, [`${ROOT}/scripts/build.ts`], { stdio: "inherit" }).status !== 0) return 1;
  await buildPrograms();
  if (options.profile !== undefined) return printed(await profileRun(options.profile));
  const columns = await columnsOfVariants();
  if (options.quick) return quick(columns);
  if (options.flink) await buildFlink();
  return full(options, options.flink ? [...columns, FLINK_COLUMN] : columns);
}

function optionsOf(): Options | undefined {
  const [text, flag] = [{ type: "string" } as const, { type: "boolean" } as const];
  try {
    const { values } = parseArgs({ options: { flink: flag, quick: flag, only: text, runs: text, profile: text } });
    const runs = Number(values.runs ?? 5);
    if (!Number.isSafeInteger(runs) || runs < 1) return undefined;
    return { flink: values.flink ?? false, quick: values.quick ?? false, only: values.only, runs, profile: values.profile };
  } catch {
    return undefined;
  }
}

async function quick(columns: readonly Column[]): Promise<number> {
  const last = readLastFullRun();
  const run = await runQuick(columns, last, (line) => console.log(line));
  console.log(["", ...floorTable(run), ""].join("\n"));
  if (last !== undefined) console.log(`Flink as it was to the plain Map loop on ${last.date}.`);
  for (const fault of run.faults) console.log(`NOT EQUAL: ${fault}`);
  console.log(worstLine(run));
  return run.faults.length === 0 ? 0 : 1;
}

async function full(options: Options, columns: readonly Column[]): Promise<number> {
  const { only = "", runs, flink } = options;
  const asked = (column: Column): boolean => WORKS.some((work) => `${work.name}, ${column.name}`.includes(only));
  const reference = columns.find(({ name }) => name === "plain-map");
  if (reference === undefined) return refuse("the plain Map loop, which all results are compared with, is missing");
  const run = await runAll({
    works: WORKS.filter((work) => columns.some((column) => `${work.name}, ${column.name}`.includes(only))),
    columns: columns.filter(asked).map((column) => (only === "" ? column : limited(column, only))),
    runs,
    reference,
    built: columns,
    hasFlink: flink,
    hasAmounts: only === "",
    note: (line) => console.log(line),
  });
  const figures = withFlinkEstimates(run);
  console.log(["", ...tableOf(run), "", ...floorTable(figures), ""].join("\n"));
  for (const fault of run.faults) console.log(`FAULT: ${fault}`);
  if (only === "" && run.faults.length === 0) write(run, figures, options);
  console.log(worstLine(figures));
  return run.faults.length === 0 ? 0 : 1;
}

/** A column that does only what the filter names. */
function limited(column: Column, only: string): Column {
  return {
    ...column,
    refuses: (work) => (`${work.name}, ${column.name}`.includes(only) ? column.refuses(work) : "not asked for"),
  };
}

/** Without Flink in this run, its rates are those of the last full run to the plain loop of this one. */
function withFlinkEstimates(run: FullRun): FullRun {
  const last = readLastFullRun();
  return {
    ...run,
    rateOf: (variant, work) =>
      run.rateOf(variant, work) ?? (variant === "flink" ? flinkEstimate(last, work, run.rateOf("plain-map", work)) : undefined),
  };
}

function write(run: FullRun, figures: FullRun, options: Options): void {
  const circumstances = circumstancesOf(options);
  if (options.flink) writeLastFullRun({ ...circumstances, rates: ratesOf(run) });
  const before = existsSync(DOCUMENT) ? readFileSync(DOCUMENT, "utf8") : `# Performance\n\n${BEGIN}\n${END}\n`;
  const [head, rest] = [before.split(BEGIN)[0], before.split(END)[1]];
  if (head === undefined || rest === undefined) throw new Error(`docs/performance.md has lost its marks ${BEGIN} and ${END}`);
  writeFileSync(DOCUMENT, `${head}${BEGIN}\n\n${measuredPart(figures, circumstances)}\n${END}${rest}`);
}

function ratesOf({ works, columns, rateOf }: FullRun): Record<string, Record<string, number>> {
  const rates: Record<string, Record<string, number>> = {};
  for (const work of works) {
    const ofWork: Record<string, number> = {};
    for (const { name } of columns) {
      const rate = rateOf(name, work.name);
      if (rate !== undefined) ofWork[name] = Math.round(rate);
    }
    rates[work.name] = ofWork;
  }
  return rates;
}

function circumstancesOf({ flink, runs }: Options): Circumstances {
  const version = (name: string): string =>
    (JSON.parse(readFileSync(`${ROOT}/node_modules/${name}/package.json`, "utf8")) as { readonly version: string }).version;
  const own = (JSON.parse(readFileSync(`${ROOT}/package.json`, "utf8")) as { readonly version: string }).version;
  const java = flink
    ? `, Flink ${FLINK_VERSION} on Java ${/version "([^"]+)"/.exec(spawnSync("java", ["-version"], { encoding: "utf8" }).stderr)?.[1]}`
    : "";
  return {
    runs,
    date: new Date().toISOString().slice(0, 10),
    machine: `${availableParallelism()} cores and ${Math.round(totalmem() / 2 ** 30)} GiB of memory`,
    versions: `Tamias ${own}, Node ${process.versions.node}, RxJS ${version("rxjs")}, @tanstack/db-ivm ${version("@tanstack/db-ivm")}, esbuild ${version("esbuild")}${java}`,
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

process.exitCode = await main();
