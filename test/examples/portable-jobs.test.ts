/** The examples in the form that runs everywhere: nothing of Node in their bundles, and the results of the command line. */
import { readFileSync } from "node:fs";
import { build } from "esbuild";
import { StreamExecutionEnvironment } from "tamias";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { flightsJob } from "../../examples/flights/flights-job.ts";
import { flightsFile } from "../../examples/flights/flights-input.ts";
import { LogGenerator, type LogGeneratorOptions } from "../../examples/log-analysis/log-generator.ts";
import { logJob } from "../../examples/log-analysis/log-job.ts";
import { type PageServer, servePages } from "../../scripts/browsers/page-server.ts";
import { ROOT } from "../../scripts/type-check.ts";
import { finalResults } from "../e2e/flight-results.ts";
import { readLines, sortedJson } from "./comparable-outputs.ts";

const beside = (name: string): string => readFileSync(new URL(name, import.meta.url), "utf8");
const environment = (parallelism: number): StreamExecutionEnvironment => StreamExecutionEnvironment.getExecutionEnvironment({ parallelism });

test.each(["flights/flights-job.ts", "log-analysis/log-job.ts"])("a bundle of %s for a page imports nothing", async (name) => {
  const { metafile } = await build({
    entryPoints: [`${ROOT}/examples/${name}`],
    bundle: true,
    format: "esm",
    target: "es2023",
    platform: "browser",
    alias: { tamias: `${ROOT}/core/index.ts` },
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  expect(imports.filter(({ external }) => external)).toEqual([]);
});

const logs = (JSON.parse(beside("log-samples.json")) as { name: string; options: LogGeneratorOptions; lines: number; year: number }[]).map(
  ({ name, options, lines, year }) => ({ name, year, text: [...new LogGenerator(options).lines(lines)].join("\r\n") }),
);

let server: PageServer;
beforeAll(async () => {
  server = await servePages((path) => {
    if (path.endsWith(".json")) return { body: readFileSync(flightsFile("flights-20k.json")) };
    if (path.endsWith(".parquet")) return { body: "no", status: 503 };
    const log = logs.find(({ name }) => path === `/${name}.log`);
    return log && { body: log.text };
  });
});
afterAll(() => server?.close());

describe("the flights", () => {
  const { results, ...counts } = (JSON.parse(beside("flights-expected.json")) as Record<string, { results: unknown }>)["flights-20k.json"]!;

  test.each([
    { from: "an address", parallelism: 1 },
    { from: "an address", parallelism: 3 },
    { from: "a file", parallelism: 2 },
  ])("from $from give the same at parallelism $parallelism", async ({ from, parallelism }) => {
    const input = from === "a file" ? flightsFile("flights-20k.json") : `${server.origin}/flights.json?of=2001`;
    const records = await flightsJob(environment(parallelism), { input }).executeAndCollect().toArray();
    expect(finalResults(records.flatMap((record) => (record.kind === "hour" ? [record.hour] : [])))).toEqual(results);
    expect(records.flatMap((record) => (record.kind === "summary" ? [record.counts] : []))).toEqual([counts]);
  });

  test("that cannot be loaded fail the job, which says which, and why", async () => {
    const input = `${server.origin}/flights.parquet`;
    const failed = flightsJob(environment(1), { input }).executeAndCollect().toArray();
    await expect(failed).rejects.toMatchObject({ code: "SOURCE_FAILED", place: { operator: "flights" } });
    await expect(failed).rejects.toThrow(`cannot load flights from ${input}: ${input} answers 503`);
  });
});

describe("the log analysis", () => {
  test.each(logs.flatMap((log) => [1, 2].map((parallelism) => ({ ...log, parallelism }))))("of $name gives the same at parallelism $parallelism", async (log) => {
    const { name, year, parallelism } = log;
    const given = await logJob(environment(parallelism), { input: `${server.origin}/${name}.log`, year }).executeAndCollect().toArray();
    expect(given.map(sortedJson).sort()).toEqual(readLines(beside(`log-sample-${name}.expected.jsonl`)).map(sortedJson).sort());
  });

  test("says what it needs", () => {
    expect(() => logJob(environment(1), {})).toThrow("needs `input`, the address of a log, and `year`");
  });
});
