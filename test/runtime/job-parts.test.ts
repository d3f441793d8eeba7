import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { StreamExecutionEnvironment } from "../../core/index.ts";
import { JobError } from "../../core/lib/errors.ts";
import { Part } from "../../core/lib/part.ts";
import type { StreamGraph } from "../../core/graph/stream-graph.ts";
import { createLocalHost } from "../../core/local-host.ts";
import { LocalExecutor } from "../../core/runtime/local-executor.ts";
import { ALL_PARTS } from "../../core/testing/all-parts.ts";

/** A part whose module comes when the test says so. */
class HeldPart {
  readonly part: Part<unknown>;
  calls = 0;
  #settle: { resolve: (module: unknown) => void; reject: (cause: unknown) => void }[] = [];

  constructor() {
    this.part = new Part(() => {
      this.calls += 1;
      return new Promise((resolve, reject) => {
        this.#settle.push({ resolve, reject });
      });
    });
  }

  arrive(): void {
    for (const { resolve } of this.#settle.splice(0)) resolve({});
  }

  fail(): void {
    for (const { reject } of this.#settle.splice(0)) reject(new TypeError("Failed to fetch dynamically imported module"));
  }
}

/** A job that puts records into `rows` and needs the part. */
function graphWith(part: Part<unknown>, rows: number[]): StreamGraph {
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  env.fromElements(1, 2).map((n) => void rows.push(n)).name("needs more");
  const graph = env.getStreamGraph("in parts");
  const nodes = graph.nodes.map((node) => {
    const { factory } = node;
    return node.name === "needs more" ? { ...node, factory: { ...factory, parts: () => [...factory.parts!({} as never), part] } } : node;
  });
  return { ...graph, nodes };
}

function thrown(cause: Error): never {
  throw cause;
}

const executor = new LocalExecutor({ host: createLocalHost() });

test("a job begins when its parts are there; the next one does not wait", async () => {
  const held = new HeldPart();
  const rows: number[] = [];
  const client = executor.submit(graphWith(held.part, rows));
  expect([client.getJobStatus(), client.metrics(), client.accumulators().size]).toEqual(["CREATED", [], 0]);
  held.arrive();
  expect((await client.result()).jobName).toBe("in parts");
  expect([client.getJobStatus(), rows]).toEqual(["FINISHED", [1, 2]]);
  const next = executor.submit(graphWith(held.part, rows));
  expect(next.metrics()).not.toEqual([]);
  await next.result();
  expect(held.calls).toBe(1);
});

test("a job that is canceled while it loads never begins", async () => {
  const held = new HeldPart();
  const rows: number[] = [];
  const client = executor.submit(graphWith(held.part, rows));
  await client.cancel();
  expect(client.getJobStatus()).toBe("CANCELED");
  held.arrive();
  await expect(client.result()).rejects.toMatchObject({ code: "JOB_CANCELED" });
  await held.part.load();
  expect([client.getJobStatus(), rows]).toEqual(["CANCELED", []]);
});

test("a signal ends it too, with its reason", async () => {
  const aborting = new AbortController();
  const client = executor.submit(graphWith(new HeldPart().part, []), { signal: aborting.signal });
  aborting.abort("enough");
  await expect(client.result()).rejects.toMatchObject({ code: "JOB_CANCELED", cause: "enough" });
});

test("a part that cannot be had makes the job fail, and the next job asks for it again", async () => {
  const held = new HeldPart();
  const client = executor.submit(graphWith(held.part, []));
  held.fail();
  await expect(client.result()).rejects.toMatchObject({ code: "CODE_UNAVAILABLE", message: expect.stringContaining("Failed to fetch") as string });
  expect(client.getJobStatus()).toBe("FAILED");
  const next = executor.submit(graphWith(held.part, []));
  held.arrive();
  await next.result();
  expect(held.calls).toBe(2);
});

test("jobs that wait for the same parts begin, end and fail each by itself, and nothing is left unhandled", async () => {
  const [held, other] = [new HeldPart(), new HeldPart()];
  const rows: number[] = [];
  const waiting = executor.submit(graphWith(held.part, rows));
  const canceled = executor.submit(graphWith(held.part, rows));
  const failing = [executor.submit(graphWith(other.part, rows)), executor.submit(graphWith(other.part, rows))];
  const aborting = new AbortController();
  const aborted = executor.submit(graphWith(other.part, rows), { signal: aborting.signal });
  const canceling = canceled.cancel();
  aborting.abort();
  held.arrive();
  other.fail();
  await canceling;
  await waiting.result();
  for (const client of failing) await expect(client.result()).rejects.toMatchObject({ code: "CODE_UNAVAILABLE" });
  await expect(aborted.result()).rejects.toMatchObject({ code: "JOB_CANCELED" });
  expect([waiting, canceled, ...failing, aborted].map((client) => client.getJobStatus())).toEqual(["FINISHED", "CANCELED", "FAILED", "FAILED", "CANCELED"]);
  expect(rows).toEqual([1, 2]);
});

test.each([
  { made: "by a broken invariant", cause: new TypeError("no such chain"), code: "INTERNAL" },
  { made: "by what the user gave", cause: new JobError("RESTORE_MISMATCH", "restore it elsewhere"), code: "RESTORE_MISMATCH" },
])("a job that cannot be made fails in one way, $made, whether its parts are there or not", async ({ cause, code }) => {
  const held = new HeldPart();
  const graph = graphWith(held.part, []);
  const nodes = graph.nodes.map((node) => (node.name === "needs more" ? { ...node, factory: { ...node.factory, create: () => thrown(cause) } } : node));
  const first = executor.submit({ ...graph, nodes });
  held.arrive();
  await expect(first.result()).rejects.toMatchObject({ code });
  const second = executor.submit({ ...graph, nodes });
  await expect(second.result()).rejects.toMatchObject({ code });
  expect([first.getJobStatus(), second.getJobStatus()]).toEqual(["FAILED", "FAILED"]);
  await second.cancel();
});

test("tests know every part", () => {
  const core = fileURLToPath(new URL("../../core", import.meta.url));
  const files = readdirSync(core, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".ts"));
  const made = files.flatMap((path) => readFileSync(`${core}/${path}`, "utf8").match(/^export const \w+(?:: .*)? = .* new Part\(/gm) ?? []);
  expect(ALL_PARTS).toHaveLength(made.length);
  expect(new Set(ALL_PARTS).size).toBe(made.length);
});
