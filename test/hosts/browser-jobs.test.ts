import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type BrowserName, type TestBrowser, launchBrowser } from "../../scripts/browsers/test-browser.ts";
import { HOST_JOBS, type HostJob, runInPlace } from "./host-jobs.ts";
import { type Isolation, type JobsPages, serveJobsPages } from "./jobs-pages.ts";
import { type JobsOutcome, digestOf } from "./page-outcomes.ts";

/** All jobs on workers of real browsers, on pages that are cross-origin isolated and such that are not. */

const PAGE_MS_MAX = 300_000;

/** Every job runs on both pages of a browser: on 2 workers of one, and on 4 of the other. */
function jobsOn(isolation: Isolation, workers: number): readonly HostJob[] {
  return HOST_JOBS.filter((_, index) => workers === ((index % 2 === 0) === (isolation === "plain") ? 2 : 4));
}

/** They are enough for a browser that is tried, and not compared. */
const FEW_JOBS = HOST_JOBS.filter(({ name }) => ["flights", "random job 0", "random job 1", "random job 2"].includes(name));

const inPlace = new Map<string, readonly string[]>();
let pages: JobsPages;
beforeAll(async () => {
  const digests: Record<string, string> = {};
  for (const job of HOST_JOBS) {
    const { lines } = await runInPlace(job, 1);
    inPlace.set(job.name, lines);
    digests[job.name] = await digestOf(lines);
  }
  pages = await serveJobsPages({ "/in-place.json": { body: JSON.stringify(digests) } });
}, 120_000);
afterAll(() => pages?.close());

describe.each<[BrowserName, readonly Isolation[], readonly number[]]>([
  ["Chromium", ["plain", "isolated"], [2, 4]],
  ["Firefox", ["plain", "isolated"], [2, 4]],
  ["WebKit", ["plain"], [2]],
])("%s", (name, isolations, counts) => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await launchBrowser(name);
  }, 120_000);
  afterAll(() => browser?.close());

  const cases = isolations.flatMap((isolation) => counts.map((workers) => ({ isolation, workers, jobs: name === "WebKit" ? FEW_JOBS : jobsOn(isolation, workers) })));

  test.each(cases)(
    "on a page that is $isolation jobs give on $workers workers what they give in place, and all subtasks of their keyed operators have work",
    async ({ isolation, workers, jobs }) => {
      const search = new URLSearchParams(jobs.map((job): [string, string] => ["job", job.name]));
      search.set("workers", String(workers));
      const outcome = (await browser.outcomeOf(`${pages.origins[isolation]}/jobs-page?${search}`)) as JobsOutcome;
      expect(outcome.failed).toEqual([]);
      for (const [job, lines] of Object.entries(outcome.different)) expect(lines, job).toEqual(inPlace.get(job));
      expect(outcome.idle).toEqual([]);
      expect(outcome.jobs).toBe(jobs.length);
      expect(0 < outcome.rings).toBe(isolation === "isolated");
    },
    PAGE_MS_MAX,
  );
});
