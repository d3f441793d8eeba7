import { afterAll, afterEach, describe, expect, test } from "vitest";
import type { EdgeServer } from "../../scripts/workerd.ts";
import { LINES_TYPE, allEvents, ask, cancelAll, nextResults, serveJobs, submit } from "./jobs-server.ts";

/** A cluster whose job master and task managers are Durable Objects, any of which may be gone at any time. */
const server: EdgeServer = await serveJobs({ TAMIAS_MODE: "dev" });
const { origin } = server;
afterEach(() => cancelAll(origin));
afterAll(() => server.close());

const WORDS = ["who", "is", "there", "nay", "answer", "me", "stand", "and", "unfold", "yourself", "long", "live", "the", "king"];
const pushWords = (path: string): ReturnType<typeof ask> => ask(origin, "POST", `${path}/events`, WORDS.map((word) => JSON.stringify({ word })).join("\n"), LINES_TYPE);
const kill = (path: string): ReturnType<typeof ask> => ask(origin, "POST", `/kill/${path}`);

interface Subtasks {
  readonly subtasks: readonly { readonly taskManager: number; readonly state: string }[];
  readonly metrics: readonly { readonly operator: string; readonly metrics: { readonly recordsIn: number } }[];
}

describe("a job on three objects", () => {
  test("runs on all of them, and says what each does", async () => {
    const path = await submit(origin, "words");
    for (let round = 0; round < 3; round += 1) await pushWords(path);
    const words = (await nextResults(origin, path, 3 * WORDS.length)) as readonly { readonly word: string }[];
    expect(words.map(({ word }) => word).sort()).toEqual([...WORDS, ...WORDS, ...WORDS].sort());
    const { subtasks, metrics } = (await ask(origin, "GET", path)).body as unknown as Subtasks;
    expect(new Set(subtasks.map(({ taskManager }) => taskManager))).toEqual(new Set([0, 1, 2]));
    expect(subtasks.every(({ state }) => state === "RUNNING")).toBe(true);
    const reduced = metrics.filter(({ operator }) => operator === "reduced").map((row) => row.metrics.recordsIn);
    expect(reduced).toHaveLength(3);
    for (const count of reduced) expect(count).toBeGreaterThan(0);
  });

  test("fails when one of them is gone, and says which and why; the next job runs", async () => {
    for (const name of ["task-1", "task-0"]) {
      const path = await submit(origin, "words");
      await pushWords(path);
      await nextResults(origin, path, WORDS.length);
      await kill(`TASKS/${name}`);
      const [end] = (await allEvents(origin, path)).slice(-1);
      const message = expect.stringMatching(/task manager \d is lost: it was terminated; it ran "words/) as unknown;
      expect(end).toEqual({ event: "end", data: { status: "FAILED", error: { code: "TASK_MANAGER_LOST", message } } });
    }
    const path = await submit(origin, "words");
    expect(await pushWords(path)).toMatchObject({ status: 200, body: { taken: WORDS.length } });
    await nextResults(origin, path, WORDS.length);
  });

  test("that takes no checkpoints begins anew when the object that leads it is gone, and its results are", async () => {
    const path = await submit(origin, "words");
    await pushWords(path);
    await nextResults(origin, path, WORDS.length);
    const results = await fetch(`${origin}${path}/results`);
    await kill("JOB_MANAGER/job-manager");
    await expect(results.text()).rejects.toThrow();
    expect(await ask(origin, "GET", path)).toMatchObject({ status: 200, body: { module: "words", results: { seen: 0 } } });
    const resumed = await ask(origin, "GET", `${path}/results`, undefined, { "last-event-id": `${WORDS.length}` });
    expect(resumed).toMatchObject({ status: 410, body: { code: "RESULTS_GONE" } });
    let pushed = await pushWords(path);
    for (; pushed.status === 503; pushed = await pushWords(path)) expect(pushed.headers.get("retry-after")).toBe("1");
    expect(pushed).toMatchObject({ status: 200, body: { taken: WORDS.length } });
    const [gone, ...seen] = (await nextResults(origin, path, 1 + WORDS.length)) as readonly { readonly oldest?: number }[];
    expect([gone?.oldest, seen.length]).toEqual([resumed.body["oldest"], WORDS.length]);
  });

  test("waits for slots that another one has", async () => {
    const first = await submit(origin, "words");
    const second = await submit(origin, "words");
    expect((await ask(origin, "GET", second)).body).toMatchObject({ status: "CREATED", subtasks: expect.arrayContaining([expect.objectContaining({ state: "SCHEDULED" })]) });
    const pushed = pushWords(second);
    await ask(origin, "DELETE", first);
    expect(await pushed).toMatchObject({ status: 200, body: { taken: WORDS.length } });
    await nextResults(origin, second, WORDS.length);
  });
});
