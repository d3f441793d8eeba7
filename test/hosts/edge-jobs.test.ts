import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import type { MetricsRow } from "../../core/metrics/prometheus.ts";
import type { EdgeServer } from "../../scripts/workerd.ts";
import { allEvents, ask, serveJobs, submit } from "../edge/jobs-server.ts";
import { HOST_JOBS, idleKeyedSubtasks, runInPlace, sortedLines } from "./host-jobs.ts";

/** On one task object and on three, over HTTP. */
const server: EdgeServer = await serveJobs({ TAMIAS_MODE: "dev" }, fileURLToPath(new URL("../edge/worker/host-jobs-worker.ts", import.meta.url)));
const { origin } = server;
afterAll(() => server.close());

describe.each(HOST_JOBS)("$name", ({ url, args, ...job }) => {
  test("gives in Durable Objects what it gives in place", async () => {
    const { lines } = await runInPlace({ url, args, ...job }, 1);
    for (const parallelism of [1, 3]) {
      const path = await submit(origin, basename(url.pathname, ".ts"), { ...args, parallelism });
      const events = await allEvents(origin, path);
      expect(events.at(-1), `on ${parallelism}`).toEqual({ event: "end", data: { status: "FINISHED" } });
      expect(sortedLines(events.slice(0, -1).map(({ data }) => data)), `on ${parallelism}`).toEqual(lines);
      if (parallelism === 1) continue;
      const { body } = await ask(origin, "GET", path);
      expect(idleKeyedSubtasks(body["metrics"] as readonly MetricsRow[])).toEqual([]);
    }
  });
});
