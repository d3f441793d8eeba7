import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { MetricsRow } from "../../core/metrics/prometheus.ts";
import type { EdgeServer } from "../../scripts/workerd.ts";
import { allEvents, ask, type ServerEvent, serveJobs, submit } from "../edge/jobs-server.ts";
import { HOST_JOBS, type HostJob, idleKeyedSubtasks, runInPlace, sortedLines } from "./host-jobs.ts";

/** On one task object and on three, at once, over HTTP. */
const server: EdgeServer = await serveJobs({ TAMIAS_MODE: "dev" }, fileURLToPath(new URL("../edge/worker/host-jobs-worker.ts", import.meta.url)));
const { origin } = server;
afterAll(() => server.close());

interface Ran {
  readonly path: string;
  readonly events: readonly ServerEvent[];
}

async function run({ url, args }: HostJob, parallelism: number): Promise<Ran> {
  const path = await submit(origin, basename(url.pathname, ".ts"), { ...args, parallelism });
  return { path, events: await allEvents(origin, path) };
}

describe.each(HOST_JOBS)("$name", (job) => {
  test("gives in Durable Objects what it gives in place", async () => {
    const [one, three, { lines }] = await Promise.all([run(job, 1), run(job, 3), runInPlace(job, 1)]);
    for (const [{ events }, parallelism] of [[one, 1], [three, 3]] as const) {
      expect(events.at(-1), `on ${parallelism}`).toEqual({ event: "end", data: { status: "FINISHED" } });
      expect(sortedLines(events.slice(0, -1).map(({ data }) => data)), `on ${parallelism}`).toEqual(lines);
    }
    const { body } = await ask(origin, "GET", three.path);
    expect(idleKeyedSubtasks(body["metrics"] as readonly MetricsRow[])).toEqual([]);
  });
});
