import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, describe, expect, test } from "vitest";
import { HOST_JOBS, idleKeyedSubtasks, recordsRead, runInPlace } from "./host-jobs.ts";
import { FEATURES, featuresOf, randomSpec } from "./jobs/random-spec.ts";

const RECORDS_MIN = 2_000;
/** In so many jobs at least there is each of the features. */
const JOBS_PER_FEATURE_MIN = 3;

const seen = { records: 0, results: 0, late: 0, tooLate: 0, refirings: 0 };

afterAll(() => console.log(`saw ${Object.entries(seen).map(([what, times]) => `${what} ${times}`).join(", ")}`));

describe.each(HOST_JOBS)("$name", (job) => {
  test("gives equal results at parallelism 1 to 4", async () => {
    const { lines, metrics } = await runInPlace(job, 1);
    expect(lines.length).toBeGreaterThan(0);
    expect(recordsRead(metrics)).toBeGreaterThanOrEqual(RECORDS_MIN);
    for (const parallelism of [2, 3, 4]) {
      const other = await runInPlace(job, parallelism);
      expect(other.lines).toEqual(lines);
      if (parallelism !== 3) expect(idleKeyedSubtasks(other.metrics)).toEqual([]);
    }
    seen.records += recordsRead(metrics);
    seen.results += lines.length;
    for (const row of metrics) {
      seen.late += row.metrics.lateRecordsKept;
      seen.tooLate += row.metrics.lateRecordsDropped;
      seen.refirings += row.metrics.refirings;
    }
  });
});

test("all that a job can be made of is in some of them", () => {
  const seeds = HOST_JOBS.flatMap(({ args }) => (typeof args["seed"] === "number" ? [args["seed"]] : []));
  const features = seeds.flatMap((seed) => [...new Set(featuresOf(randomSpec(seed, 1)))]);
  expect([...new Set(features)].sort()).toEqual([...FEATURES].sort());
  const counts = FEATURES.map((feature) => [feature, features.filter((each) => each === feature).length] as const);
  expect(counts.filter(([, count]) => count < JOBS_PER_FEATURE_MIN)).toEqual([]);
});

test("hosts without Node can import them: their bundles need the package and nothing else", async () => {
  const urls = new Set(HOST_JOBS.map(({ url }) => url.href));
  for (const url of urls) {
    const { metafile } = await build({ entryPoints: [fileURLToPath(url)], bundle: true, format: "esm", target: "es2023", packages: "external", tsconfigRaw: {}, metafile: true, write: false });
    const imported = Object.values(metafile.outputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(new Set(imported)).toEqual(new Set(["tamias"]));
  }
});
