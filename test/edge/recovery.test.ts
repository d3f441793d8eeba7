import { afterAll, afterEach, describe, expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";
import { LOG_BYTES_MAX } from "../../edge/ingestion-logs.ts";
import { type EdgeServer, newFolder } from "../../scripts/workerd.ts";
import { serveExactlyOnce } from "./exactly-once-server.ts";
import { allEvents, type Answer, ask, cancelAll, JSON_TYPE, LINES_TYPE } from "./jobs-server.ts";

/** A cluster of Durable Objects that keep what their jobs must not lose; any of them may be gone at any time. */
let server: EdgeServer = await serveExactlyOnce();
afterEach(() => cancelAll(server.origin));
afterAll(() => server.close());

const call = (method: string, binding: string, name: string): Promise<Answer> => ask(server.origin, "POST", `/call/${method}/${binding}/${name}`);
const endJobManager = (): Promise<Answer> => call("terminate", "JOB_MANAGER", "job-manager");
const endTask = (number: number): Promise<Answer> => call("terminate", "TASKS", `task-${number}`);

/** Waits for so many of a job. */
async function rows(name: string, count: number): Promise<readonly string[]> {
  return (await fetch(`${server.origin}/rows/${name}?count=${count}`)).json() as Promise<readonly string[]>;
}

/** What each of so many events, or numbers, makes of its key, where keys take turns: once. */
function expectedRows(count: number, keys: number, first: number = 0): readonly string[] {
  return Array.from({ length: count }, (_, index) => `${(first + index) % keys} ${Math.floor(index / keys) + 1}`).sort();
}

async function start(module: string, args: object): Promise<string> {
  const { status, headers, body } = await ask(server.origin, "POST", "/jobs", JSON.stringify({ module, args }), JSON_TYPE);
  expect([status, body]).toEqual([201, expect.anything()]);
  return headers.get("location")!;
}

function lines(count: number, from: number = 0): string {
  return Array.from({ length: count }, (_, index) => JSON.stringify({ key: `${(from + index) % 7}`, count: 1 })).join("\n");
}

const send = (path: string, body: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => ask(server.origin, "POST", `${path}/events`, body, { ...LINES_TYPE, ...headers });

/** As a client does that was told to try again. */
async function sendUntilTaken(path: string, body: string, batch: string): Promise<Answer> {
  for (;;) {
    const answer = await send(path, body, { "idempotency-key": batch }).catch(() => undefined);
    if (answer?.status === 200) return answer;
    if (answer !== undefined) expect(answer).toMatchObject({ status: 503 });
  }
}

describe("a job whose objects are lost", () => {
  test("commits the row of each acknowledged event once, and that of one sent again too", async () => {
    const path = await start("events", { name: "lost" });
    const prng = new Prng(6);
    const [batches, size] = [40, 20];
    for (let batch = 0; batch < batches; batch += 1) {
      // While it is on its way, at times.
      const chance = prng.int(6);
      const ended = chance === 0 ? endJobManager() : chance === 1 ? endTask(prng.int(3)) : undefined;
      await sendUntilTaken(path, lines(size, batch * size), `batch-${batch}`);
      await ended;
      if (prng.int(4) === 0) expect((await sendUntilTaken(path, lines(size, batch * size), `batch-${batch}`)).body).toEqual({ taken: size });
    }
    const all = expectedRows(batches * size, 7);
    expect(await rows("lost", all.length)).toEqual(all);
    // What is doubled could still come.
    await send(path, JSON.stringify({ key: "last", count: 1 }));
    expect(await rows("lost", all.length + 1)).toEqual([...all, "last 1"]);
  });

  test("goes on by the alarm alone, without a request", async () => {
    const path = await start("events", { name: "alarm" });
    await send(path, lines(10));
    expect(await call("terminateAndWake", "JOB_MANAGER", "job-manager")).toMatchObject({ body: { said: expect.stringContaining("its alarm is due") } });
    expect(await rows("alarm", 10)).toEqual(expectedRows(10, 7));
  });

  test("that ends has ended, also where the object is lost before that was noted", async () => {
    const path = await start("numbers", { name: "numbers", count: 20_000 });
    for (const task of [0, 2, 1]) {
      await endTask(task);
      await endJobManager();
      await ask(server.origin, "GET", path);
    }
    const all = expectedRows(20_000, 7, 1);
    expect(await rows("numbers", all.length)).toEqual(all);
    expect((await allEvents(server.origin, path)).at(-1)).toEqual({ event: "end", data: { status: "FINISHED" } });
    await endJobManager();
    expect((await ask(server.origin, "GET", path)).body).toMatchObject({ status: "FINISHED", module: "numbers" });
    await call("forgetEnds", "JOB_MANAGER", "job-manager");
    expect((await allEvents(server.origin, path)).at(-1)).toEqual({ event: "end", data: { status: "FINISHED" } });
    expect(await rows("numbers", 0)).toHaveLength(20_000);
  });
});

describe("a batch of events", () => {
  test("that broke off is completed when it is sent again", async () => {
    const path = await start("events", { name: "batches" });
    const whole = lines(5);
    const broken = [...whole.split("\n").slice(0, 3), "{"].join("\n");
    expect(await send(path, broken, { "idempotency-key": "a" })).toMatchObject({ status: 400, body: { code: "MALFORMED_LINE", taken: 3 } });
    for (let round = 0; round < 2; round += 1) expect((await send(path, whole, { "idempotency-key": "a" })).body).toEqual({ taken: 5 });
    expect(await ask(server.origin, "POST", `${path}/events?batch=b`, lines(2, 5), LINES_TYPE)).toMatchObject({ body: { taken: 2 } });
    expect(await rows("batches", 7)).toEqual(expectedRows(7, 7));
  });

  test("has an id that a header can carry, and is for sources that remember it", async () => {
    const path = await start("events", { name: "refused" });
    expect(await send(path, "", { "idempotency-key": "two words" })).toMatchObject({ status: 400, body: { code: "INVALID_REQUEST" } });
    await ask(server.origin, "DELETE", path);
    const pushed = await start("counted-words", {});
    expect(await send(pushed, JSON.stringify({ word: "a", count: 1 }), { "idempotency-key": "a" })).toMatchObject({ status: 400, body: { message: expect.stringContaining("does not remember batches") } });
  });
});

describe("a log", () => {
  test("takes so much, and more when a checkpoint has completed", async () => {
    const path = await start("events", { name: "full", intervalMs: 3_600_000 });
    const line = JSON.stringify({ key: "x", count: 1, padding: "x".repeat(2 ** 18 - 100) });
    const half = Array.from({ length: LOG_BYTES_MAX / 2 ** 18 / 2 + 1 }, () => line).join("\n");
    expect((await send(path, half)).status).toBe(200);
    const { status, headers, body } = await send(path, `${half}\n${line}\n${line}`);
    expect([status, headers.get("retry-after"), body["code"]]).toEqual([429, "1", "LOG_FULL"]);
    expect(body["taken"]).toBeGreaterThan(100);
    const sent = LOG_BYTES_MAX / 2 ** 18 / 2 + 1 + Number(body["taken"]);
    await ask(server.origin, "DELETE", path);
    const next = await start("events", { name: "full" });
    let last = await send(next, lines(1));
    for (; last.status === 429; last = await send(next, lines(1)));
    expect(last.body).toEqual({ taken: 1 });
    expect(await rows("full", sent + 1)).toEqual(["0 1", ...Array.from({ length: sent }, (_, index) => `x ${index + 1}`)].sort());
  });

  test("outlives its job: the next one that reads it goes on behind the last checkpoint", async () => {
    const first = await start("events", { name: "handed-on" });
    await send(first, lines(7));
    expect(await rows("handed-on", 7)).toEqual(expectedRows(7, 7));
    const { headers, body } = await ask(server.origin, "POST", `${first}/savepoints?stop=true`);
    expect(body).toMatchObject({ path: `do:savepoints/${headers.get("location")!.split("/").at(-1)}` });
    expect(await send(first, lines(1))).toMatchObject({ status: 409, body: { code: "JOB_ENDED" } });
    const configuration = { "execution.state-recovery.path": body["path"], parallelism: 2 };
    const submission = JSON.stringify({ module: "events", args: { name: "handed-on" }, configuration });
    const second = (await ask(server.origin, "POST", "/jobs", submission, JSON_TYPE)).headers.get("location")!;
    await send(second, lines(7));
    expect(await rows("handed-on", 14)).toEqual(expectedRows(14, 7));
  });
});

test("workerd is killed, and what was acknowledged is there once", async () => {
  server.close();
  const folder = newFolder("killed");
  server = await serveExactlyOnce({ folder });
  const path = await start("events", { name: "killed" });
  for (let batch = 0; batch < 6; batch += 1) {
    const sent = send(path, lines(50, batch * 50), { "idempotency-key": `${batch}` }).catch(() => undefined);
    // In mid-request, or when its events are on their way through the job.
    if (batch % 2 === 0) await sent;
    server.close();
    server = await serveExactlyOnce({ folder });
    await sendUntilTaken(path, lines(50, batch * 50), `${batch}`);
    await sent;
  }
  const all = expectedRows(300, 7);
  expect(await rows("killed", all.length)).toEqual(all);
});
