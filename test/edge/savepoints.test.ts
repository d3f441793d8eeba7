import { readFileSync } from "node:fs";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { StreamExecutionEnvironment } from "tamias";
import { SAVEPOINT_BYTES_MAX } from "../../edge/savepoints.ts";
import type { EdgeServer } from "../../scripts/workerd.ts";
import { serveExactlyOnce } from "./exactly-once-server.ts";
import { job, type Word } from "./jobs/counted-words.ts";
import { type Answer, ask, askBeforeBody, cancelAll, JSON_TYPE, LINES_TYPE, nextResults, serveJobs, submit } from "./jobs-server.ts";

const server: EdgeServer = await serveExactlyOnce();
const { origin } = server;
afterEach(() => cancelAll(origin));
afterAll(() => server.close());

/** Each twice. */
const WORDS: readonly Word[] = ["to", "be", "or", "not", "to", "be", "that", "is", "the", "question", "or", "not", "that", "is", "the", "question"].map((word) => ({ word, count: 1 }));
const counted = (count: number): readonly Word[] => [...new Set(WORDS.map(({ word }) => word))].flatMap((word) => [{ word, count: count - 1 }, { word, count }]);
const sorted = (results: readonly unknown[]): readonly string[] => results.map((result) => JSON.stringify(result)).sort();

async function push(path: string): Promise<void> {
  expect(await ask(origin, "POST", `${path}/events`, WORDS.map((word) => JSON.stringify(word)).join("\n"), LINES_TYPE)).toMatchObject({ status: 200 });
}

function start(configuration: object): Promise<Answer> {
  return ask(origin, "POST", "/jobs", JSON.stringify({ module: "counted-words", configuration }), JSON_TYPE);
}

async function bytesAt(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(`${origin}${path}`);
  expect([response.status, response.headers.get("content-type")]).toEqual([200, "application/octet-stream"]);
  return new Uint8Array(await response.arrayBuffer());
}

/** Pushes the words into a job in this process, which begins from a savepoint where there is one; its results, and what it was at the end. */
async function runHere(parallelism: number, savepoint: Uint8Array | undefined): Promise<readonly [results: readonly unknown[], savepoint: Uint8Array]> {
  const env = StreamExecutionEnvironment.getExecutionEnvironment({ parallelism, "execution.state-recovery.path": savepoint });
  job(env);
  const client = await env.executeAsync("counted words");
  await client.push("words", WORDS);
  const results: unknown[] = [];
  const reading = (async () => {
    for await (const batch of client.results("counts")) results.push(...batch);
  })();
  const { bytes } = await client.stopWithSavepoint();
  await reading;
  return [results, bytes];
}

describe("a savepoint", () => {
  test("made at the edge is gone on from in this process, and back at the edge, at other parallelisms", async () => {
    const first = await submit(origin, "counted-words");
    await push(first);
    expect(sorted(await nextResults(origin, first, WORDS.length))).toEqual(sorted(counted(2)));
    const { status, headers, body } = await ask(origin, "POST", `${first}/savepoints?stop=true`);
    expect([status, body]).toEqual([201, { path: expect.stringMatching(/^do:savepoints\/savepoint-counted-words-[0-9a-f]{12}$/), bytes: expect.any(Number) }]);
    expect((await ask(origin, "GET", first)).body).toMatchObject({ status: "FINISHED" });
    const made = await bytesAt(headers.get("location")!);
    expect(made.length).toBe(body["bytes"]);

    const [results, back] = await runHere(2, made);
    expect(sorted(results)).toEqual(sorted(counted(4)));

    expect(await ask(origin, "PUT", "/savepoints/back", new Uint8Array(back))).toMatchObject({ status: 201, body: { path: "do:savepoints/back", bytes: back.length } });
    const { headers: submitted } = await start({ "execution.state-recovery.path": "do:savepoints/back", parallelism: 1 });
    const second = submitted.get("location")!;
    await push(second);
    expect(sorted(await nextResults(origin, second, WORDS.length))).toEqual(sorted(counted(6)));
    expect((await ask(origin, "GET", second)).body["subtasks"]).toHaveLength(1);
  });

  test("can be taken of a job that goes on, or that is drained", async () => {
    const path = await submit(origin, "counted-words");
    await push(path);
    await nextResults(origin, path, WORDS.length);
    const going = await ask(origin, "POST", `${path}/savepoints`);
    await push(path);
    expect(sorted((await nextResults(origin, path, 2 * WORDS.length)).slice(WORDS.length))).toEqual(sorted(counted(4)));
    const drained = await ask(origin, "POST", `${path}/savepoints?stop=true&drain=true`);
    const [before] = await runHere(1, await bytesAt(going.headers.get("location")!));
    expect(sorted(before)).toEqual(sorted(counted(4)));
    const [after] = await runHere(3, await bytesAt(drained.headers.get("location")!));
    expect(sorted(after)).toEqual(sorted(counted(6)));
    expect(await ask(origin, "POST", `${path}/savepoints`)).toMatchObject({ status: 409, body: { code: "JOB_ENDED" } });
  });

  test("is kept under its name until it is removed", async () => {
    const [, bytes] = await runHere(1, undefined);
    const put = (): Promise<Answer> => ask(origin, "PUT", "/savepoints/mine", new Uint8Array(bytes));
    expect((await put()).status).toBe(201);
    expect(await put()).toMatchObject({ status: 409, body: { code: "SAVEPOINT_EXISTS" } });
    expect((await ask(origin, "GET", "/savepoints")).body["savepoints"]).toContain("mine");
    await ask(origin, "DELETE", "/savepoints/mine");
    expect(await ask(origin, "GET", "/savepoints/mine")).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    expect(await start({ "execution.state-recovery.path": "do:savepoints/mine" })).toMatchObject({ status: 400, body: { code: "INVALID_ARGUMENT", message: expect.stringContaining("there is no savepoint do:savepoints/mine") } });
  });

  test("that is none, is too large, or has nowhere to lie is refused", async () => {
    expect(await ask(origin, "PUT", "/savepoints/none", readFileSync(import.meta.filename, "utf8"))).toMatchObject({ status: 400, body: { code: "INVALID_REQUEST", message: expect.stringContaining("no savepoint") } });
    expect(await ask(origin, "PUT", "/savepoints/no name", "")).toMatchObject({ status: 404 });
    const path = await submit(origin, "counted-words");
    for (const query of ["drain=true", "stop=yes"]) expect(await ask(origin, "POST", `${path}/savepoints?${query}`)).toMatchObject({ status: 400, body: { code: "INVALID_REQUEST" } });
    expect(await askBeforeBody(origin, "/savepoints/large", SAVEPOINT_BYTES_MAX + 1, {}).catch(String)).toMatchObject({ status: 405 });
    const unbound = await serveJobs({ TAMIAS_MODE: "dev" }, undefined, ["JOB_MANAGER", "TASKS"]);
    try {
      const other = await submit(unbound.origin, "echo");
      for (const [method, at] of [["POST", `${other}/savepoints`], ["GET", "/savepoints"]] as const) {
        expect(await ask(unbound.origin, method, at)).toMatchObject({ status: 503, body: { code: "NOT_CONFIGURED", message: expect.stringContaining('bind "STORAGE"') } });
      }
      expect((await ask(unbound.origin, "GET", "/jobs")).body["note"]).toContain("nothing is bound as STORAGE");
    } finally {
      unbound.close();
    }
  });
});
