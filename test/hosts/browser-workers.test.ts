import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestBrowser, launchBrowser } from "../../scripts/browsers/test-browser.ts";
import { type Isolation, type JobsPages, serveJobsPages } from "./jobs-pages.ts";

/** What happens to workers of real browsers fails their job, and nothing else. */

let pages: JobsPages;
beforeAll(async () => {
  pages = await serveJobsPages();
}, 120_000);
afterAll(() => pages?.close());

describe.each(["Chromium", "Firefox"] as const)("%s", (name) => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await launchBrowser(name);
  }, 120_000);
  afterAll(() => browser?.close());

  /** A machine that does much besides must not pass for one that does not answer, but where a test is about that. */
  const [PATIENT_MS, IMPATIENT_MS] = [60_000, 2_000];

  describe.each<Isolation>(["plain", "isolated"])("on a page that is %s", (isolation) => {
    test.each([
      ["throws", "trouble=throw", PATIENT_MS, /\[USER_FUNCTION_FAILED\] RangeError: 500 is too much\n {2}at operator "keep", subtask \d\/2, record 500/],
      ["spins", "trouble=spin", IMPATIENT_MS, /\[TASK_MANAGER_LOST\] task manager \d is lost: it has not answered for \d+ ms; it ran .*"keep/],
      ["closes itself", "trouble=exit", PATIENT_MS, /\[TASK_MANAGER_LOST\] task manager \d is lost: it ended by itself; it ran .*"keep/],
      ["is terminated by the page", "terminated=1", PATIENT_MS, /\[TASK_MANAGER_LOST\] task manager \d is lost: it ended by itself; it ran .*"keep/],
      ["leads the job and is terminated by the page", "terminated=0", PATIENT_MS, /\[JOB_MASTER_LOST\] the worker that led the job is lost: it ended by itself/],
    ])("a worker that %s fails the job, nothing is left pending, and the next one runs", async (_what, query, heartbeatTimeoutMs, message) => {
      const outcome = await browser.outcomeOf(`${pages.origins[isolation]}/trouble-page?${query}&heartbeatTimeoutMs=${heartbeatTimeoutMs}`);
      expect(outcome).toEqual({ message: expect.stringMatching(message) as unknown, status: "FAILED", next: [2, 4, 6] });
    });
  });
});
