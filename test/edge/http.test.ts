import { afterAll, afterEach, describe, expect, test } from "vitest";
import { JOBS_MAX } from "../../edge/edge-jobs.ts";
import { BODY_BYTES_MAX, LINE_BYTES_MAX } from "../../edge/event-lines.ts";
import { RESULTS_MAX } from "../../edge/result-log.ts";
import { SUBMISSION_BYTES_MAX } from "../../edge/routes.ts";
import type { EdgeServer } from "../../scripts/workerd.ts";
import { type Body, JSON_TYPE, LINES_TYPE, allEvents, ask, askBeforeBody, cancelAll, eventsOf, nextResults, serveJobs, submit } from "./jobs-server.ts";

const server: EdgeServer = await serveJobs({ TAMIAS_MODE: "dev" });
const { origin } = server;
afterEach(() => cancelAll(origin));
afterAll(() => server.close());

const lines = (...records: readonly unknown[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join("");
const push = (path: string, body: Body, query = ""): ReturnType<typeof ask> => ask(origin, "POST", `${path}/events${query}`, body, LINES_TYPE);

describe("requests that are refused", () => {
  interface Case {
    readonly title: string;
    readonly method: string;
    readonly path: string;
    readonly body?: string;
    readonly type?: string;
    readonly expected: readonly [status: number, code: string, message: string];
    readonly headers?: Readonly<Record<string, string>>;
  }
  const json = "application/json";
  const CASES: readonly Case[] = [
    { title: "a path that leads nowhere", method: "GET", path: "/", expected: [404, "NOT_FOUND", "/jobs/ID/results"] },
    { title: "a job that is not there", method: "GET", path: "/jobs/none", expected: [404, "NOT_FOUND", "no job none"] },
    { title: "its events", method: "POST", path: "/jobs/none/events", body: "", type: "application/x-ndjson", expected: [404, "NOT_FOUND", "no job none"] },
    { title: "its results", method: "GET", path: "/jobs/none/results", expected: [404, "NOT_FOUND", "no job none"] },
    { title: "its end", method: "DELETE", path: "/jobs/none", expected: [404, "NOT_FOUND", "no job none"] },
    { title: "another method for jobs", method: "PUT", path: "/jobs", expected: [405, "METHOD_NOT_ALLOWED", "GET, POST"], headers: { allow: "GET, POST" } },
    { title: "another method for a job", method: "POST", path: "/jobs/x", expected: [405, "METHOD_NOT_ALLOWED", "GET, DELETE"], headers: { allow: "GET, DELETE" } },
    { title: "another method for events", method: "GET", path: "/jobs/x/events", expected: [405, "METHOD_NOT_ALLOWED", "POST"], headers: { allow: "POST" } },
    { title: "another method for results", method: "POST", path: "/jobs/x/results", expected: [405, "METHOD_NOT_ALLOWED", "GET"], headers: { allow: "GET" } },
    { title: "a submission without type", method: "POST", path: "/jobs", body: "{}", type: "", expected: [415, "UNSUPPORTED_MEDIA_TYPE", "content-type: application/json"] },
    { title: "a submission as a form", method: "POST", path: "/jobs", body: "a=1", type: "application/x-www-form-urlencoded", expected: [415, "UNSUPPORTED_MEDIA_TYPE", "it was application/x-www-form-urlencoded"] },
    { title: "a submission that is no JSON", method: "POST", path: "/jobs", body: "{", type: json, expected: [400, "INVALID_REQUEST", "must be JSON"] },
    { title: "a submission that is no object", method: "POST", path: "/jobs", body: "[]", type: json, expected: [400, "INVALID_REQUEST", "must be an object"] },
    { title: "a submission without module", method: "POST", path: "/jobs", body: "{}", type: json, expected: [400, "INVALID_REQUEST", '"module" must name'] },
    { title: "a field that is none", method: "POST", path: "/jobs", body: '{"modul":"echo"}', type: json, expected: [400, "INVALID_REQUEST", '"modul"'] },
    { title: "arguments that are no object", method: "POST", path: "/jobs", body: '{"module":"echo","args":[1]}', type: json, expected: [400, "INVALID_REQUEST", '"args" must be an object'] },
    { title: "a module that was not deployed", method: "POST", path: "/jobs", body: '{"module":"unheard"}', type: json, expected: [400, "JOB_MODULE_INVALID", '"echo"'] },
    { title: "the name of a property of all objects", method: "POST", path: "/jobs", body: '{"module":"toString"}', type: json, expected: [400, "JOB_MODULE_INVALID", '"toString"'] },
    { title: "a job that its module refuses", method: "POST", path: "/jobs", body: '{"module":"numbers","args":{"count":-1}}', type: json, expected: [400, "INVALID_ARGUMENT", "-1"] },
  ];

  test.each(CASES)("$title: $method $path", async ({ method, path, body, type, expected: [status, code, message], headers = {} }) => {
    const bytes = body === undefined ? undefined : new TextEncoder().encode(body);
    const answer = await ask(origin, method, path, bytes, type === undefined || type === "" ? {} : { "content-type": type });
    expect(answer).toMatchObject({ status, body: { code, message: expect.stringContaining(message) } });
    expect(answer.headers.get("content-type")).toBe("application/json");
    for (const [name, value] of Object.entries(headers)) expect(answer.headers.get(name)).toBe(value);
  });
});

test("a submission that says it is too large is refused before it is sent", async () => {
  expect(await askBeforeBody(origin, "/jobs", SUBMISSION_BYTES_MAX + 1, JSON_TYPE)).toMatchObject({ status: 413, body: { code: "TOO_LARGE" } });
});

test("a submission that turns out to be too large is refused", async () => {
  const pieces = [" ".repeat(SUBMISSION_BYTES_MAX), " "].map((text) => new TextEncoder().encode(text));
  const body = new ReadableStream<Uint8Array>({ pull: (controller) => (0 < pieces.length ? controller.enqueue(pieces.shift()!) : controller.close()) });
  expect(await ask(origin, "POST", "/jobs", body, JSON_TYPE)).toMatchObject({ status: 413, body: { code: "TOO_LARGE" } });
});

describe("jobs", () => {
  test("a job is submitted, listed, shown, and ends; the list says what is not kept", async () => {
    const answer = await ask(origin, "POST", "/jobs", '{"module":"numbers","args":{"count":3}}', JSON_TYPE);
    expect(answer).toMatchObject({ status: 201, body: { module: "numbers", args: { count: 3 }, results: { numbers: 0 } } });
    const path = answer.headers.get("location")!;
    expect(path).toBe(`/jobs/${String(answer.body["id"])}`);
    await allEvents(origin, path);
    expect((await ask(origin, "GET", path)).body).toMatchObject({ status: "FINISHED", results: { numbers: 3 } });
    const { status, body } = await ask(origin, "GET", "/jobs");
    expect({ status, body }).toMatchObject({ status: 200, body: { note: expect.stringContaining("are lost when the platform evicts this object") } });
    expect(body["jobs"]).toContainEqual(expect.objectContaining({ id: answer.body["id"], status: "FINISHED" }));
  });

  test("a canceled job stays canceled, a finished one finished", async () => {
    const running = await submit(origin, "echo");
    expect(await ask(origin, "DELETE", running)).toMatchObject({ status: 200, body: { status: "CANCELED" } });
    expect(await ask(origin, "DELETE", running)).toMatchObject({ status: 200, body: { status: "CANCELED" } });
    expect(await allEvents(origin, running)).toEqual([{ event: "end", data: { status: "CANCELED" } }]);
    const finished = await submit(origin, "numbers", { count: 1 });
    await allEvents(origin, finished);
    expect(await ask(origin, "DELETE", finished)).toMatchObject({ status: 200, body: { status: "FINISHED" } });
  });

  test("a job is submitted while the objects of the last one are still ending", async () => {
    let path = await submit(origin, "echo");
    for (let round = 0; round < 80; round += 1) {
      const canceled = ask(origin, "DELETE", path);
      // From round to round a bit later: once the last job has ended, and its objects have not.
      for (let turn = 0; turn < 40 * (round % 20); turn += 1) await new Promise(setImmediate);
      const { status, body } = await ask(origin, "POST", "/jobs", JSON.stringify({ module: "echo" }), JSON_TYPE);
      expect({ status, body }).toMatchObject({ status: 201 });
      await canceled;
      path = `/jobs/${String(body["id"])}`;
    }
  });

  test("a job that fails says why, as its state and as its last event", async () => {
    const path = await submit(origin, "names");
    expect((await push(path, lines({ name: "a" }, { name: 7 }), "?source=left")).status).toBe(200);
    const events = (await allEvents(origin, path, {}, "?name=loud")).slice(-1);
    const error = { code: "USER_FUNCTION_FAILED", message: expect.stringMatching(/to(Upper|Lower)Case is not a function/) as unknown };
    expect(events).toEqual([{ event: "end", data: { status: "FAILED", error } }]);
    expect((await ask(origin, "GET", path)).body).toMatchObject({ status: "FAILED", error });
    const reason = expect.stringMatching(/it is FAILED: .*is not a function/s) as unknown;
    expect(await push(path, lines({ name: "b" }), "?source=left")).toMatchObject({ status: 409, body: { code: "JOB_ENDED", message: reason, error } });
  });

  test("so many jobs run at once; those that have ended make room", async () => {
    const own = await serveJobs({ TAMIAS_MODE: "dev" });
    try {
      const paths: string[] = [];
      for (let job = 0; job < JOBS_MAX; job += 1) paths.push(await submit(own.origin, "echo"));
      const body = JSON.stringify({ module: "echo" });
      expect(await ask(own.origin, "POST", "/jobs", body, JSON_TYPE)).toMatchObject({ status: 409, body: { code: "TOO_MANY_JOBS" } });
      await ask(own.origin, "DELETE", paths[3]!);
      expect((await ask(own.origin, "POST", "/jobs", body, JSON_TYPE)).status).toBe(201);
      expect((await ask(own.origin, "GET", paths[3]!)).status).toBe(404);
      expect((await ask(own.origin, "GET", paths[0]!)).status).toBe(200);
    } finally {
      own.close();
    }
  });
});

describe("events", () => {
  test("lines become records, in order; empty ones are none, and the last needs no end", async () => {
    const path = await submit(origin, "echo");
    expect(await push(path, '{"a":1}\n\n"text"\r\n[1,null]\n7')).toMatchObject({ status: 200, body: { taken: 4 } });
    expect(await push(path, "")).toMatchObject({ status: 200, body: { taken: 0 } });
    expect(await push(path, lines("more"), "?source=in")).toMatchObject({ status: 200, body: { taken: 1 } });
    expect(await nextResults(origin, path, 5)).toEqual([{ a: 1 }, "text", [1, null], 7, "more"]);
  });

  test("the source that is meant is named where there are several", async () => {
    const path = await submit(origin, "names");
    expect(await push(path, lines({ name: "a" }))).toMatchObject({ status: 400, body: { code: "INVALID_REQUEST", message: expect.stringContaining('"left", "right"') } });
    expect(await push(path, lines({ name: "a" }), "?source=middle")).toMatchObject({ status: 404, body: { code: "NOT_FOUND", message: expect.stringContaining('"left", "right"') } });
    expect(await push(path, lines({ name: "a" }), "?source=right")).toMatchObject({ status: 200, body: { taken: 1 } });
    await cancelAll(origin);
    expect(await push(await submit(origin, "numbers", { count: 1e9 }), lines(1))).toMatchObject({ status: 404, body: { message: expect.stringContaining("nothing of this job takes events") } });
  });

  test.each([
    ["no JSON", '1\n2\n{"a":\n4\n', "MALFORMED_LINE", 400],
    ["two values in a line", "1\n2\n3 4\n5\n", "MALFORMED_LINE", 400],
    ["no UTF-8", new Uint8Array([0x31, 0x0a, 0x32, 0x0a, 0x22, 0xff, 0x22, 0x0a]), "MALFORMED_LINE", 400],
    ["a line that is too long", `1\n2\n"${"x".repeat(LINE_BYTES_MAX)}"\n`, "TOO_LARGE", 413],
  ])("%s: the line is named, and what was before it is taken", async (_title, body, code, status) => {
    const path = await submit(origin, "echo");
    expect(await push(path, body)).toMatchObject({ status, body: { code, line: 3, taken: 2, message: expect.stringContaining("line 3") } });
    expect(await push(path, lines("again"))).toMatchObject({ status: 200 });
    expect(await nextResults(origin, path, 3)).toEqual([1, 2, "again"]);
  });

  test("a body that says it is too large is refused before anything of it is taken", async () => {
    const path = await submit(origin, "echo");
    expect(await askBeforeBody(origin, `${path}/events`, BODY_BYTES_MAX + 1, LINES_TYPE)).toMatchObject({ status: 413, body: { code: "TOO_LARGE", taken: 0 } });
  });

  test("a body that turns out to be too large is taken so far", async () => {
    const path = await submit(origin, "echo");
    const piece = new TextEncoder().encode(`"${"x".repeat(2 ** 16 - 3)}"\n`);
    let pieces = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pieces += 1;
        controller.enqueue(pieces <= BODY_BYTES_MAX / piece.length ? piece : piece.slice(-2));
        if (BODY_BYTES_MAX / piece.length < pieces) controller.close();
      },
    });
    expect(await push(path, body)).toMatchObject({ status: 413, body: { code: "TOO_LARGE", taken: BODY_BYTES_MAX / piece.length } });
  });

  test("the events that a job takes are counted; more are not read, and who sends waits until it ends", async () => {
    const path = await submit(origin, "stuck");
    const piece = new TextEncoder().encode(lines(...Array.from({ length: 100 }, (_none, index) => index)));
    let begin = (): void => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const endless = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(piece);
        begin();
      },
    });
    const answer = push(path, endless);
    await begun;
    expect(await ask(origin, "DELETE", path)).toMatchObject({ body: { status: "CANCELED" } });
    const { status, body } = await answer;
    expect({ status, body }).toMatchObject({ status: 409, body: { code: "JOB_ENDED" } });
    expect(body["taken"] ?? 0).toBeLessThan(10_000);
  });

  test.each([
    ["another type", { "content-type": "application/json" }],
    ["a compressed body", { ...LINES_TYPE, "content-encoding": "gzip" }],
  ])("%s is refused", async (_title, headers) => {
    const path = await submit(origin, "echo");
    expect(await ask(origin, "POST", `${path}/events`, lines(1), headers)).toMatchObject({ status: 415, body: { code: "UNSUPPORTED_MEDIA_TYPE" } });
  });
});

describe("results", () => {
  test("those that are meant are named where there are several", async () => {
    const path = await submit(origin, "names");
    await push(path, lines({ name: "Ann" }), "?source=left");
    const message = expect.stringContaining('"loud", "low"') as unknown;
    expect(await ask(origin, "GET", `${path}/results`)).toMatchObject({ status: 400, body: { code: "INVALID_REQUEST", message } });
    expect(await ask(origin, "GET", `${path}/results?name=silent`)).toMatchObject({ status: 404, body: { code: "NOT_FOUND", message } });
    for (const [name, data] of [["loud", "ANN"], ["low", "ann"]]) {
      const events = eventsOf(await fetch(`${origin}${path}/results?name=${name}`));
      expect((await events.next()).value).toEqual({ id: "1", data });
      await events.return(undefined);
    }
    await ask(origin, "DELETE", path);
    expect(await ask(origin, "GET", `${await submit(origin, "stuck")}/results`)).toMatchObject({ status: 404, body: { message: "nothing of this job gives results" } });
  });

  test("they come as they are made, each with its id", async () => {
    const path = await submit(origin, "echo");
    const response = await fetch(`${origin}${path}/results`);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const events = eventsOf(response);
    for (let id = 1; id <= 3; id += 1) {
      await push(path, lines({ round: id }));
      expect((await events.next()).value).toEqual({ id: `${id}`, data: { round: id } });
    }
    await events.return(undefined);
  });

  test("a reader goes on behind the result that it had last; a stream that has ended ends again", async () => {
    const path = await submit(origin, "numbers", { count: 5 });
    const all = await allEvents(origin, path);
    expect(all).toEqual([...[1, 2, 3, 4, 5].map((n) => ({ id: `${n}`, data: n })), { event: "end", data: { status: "FINISHED" } }]);
    for (let last = 0; last <= 5; last += 1) expect(await allEvents(origin, path, { "last-event-id": `${last}` })).toEqual(all.slice(last));
  });

  test(`the last ${RESULTS_MAX} are kept; what is older is gone`, async () => {
    const path = await submit(origin, "numbers", { count: RESULTS_MAX + 10 });
    await allEvents(origin, path);
    const oldest = await allEvents(origin, path, { "last-event-id": "10" });
    expect([oldest[0], oldest.length]).toEqual([{ id: "11", data: 11 }, RESULTS_MAX + 1]);
    const [told, ...fromOldest] = await allEvents(origin, path);
    expect(told).toMatchObject({ event: "gone", data: { code: "RESULTS_GONE", oldest: 11 } });
    expect(fromOldest).toEqual(oldest);
    const answer = await ask(origin, "GET", `${path}/results`, undefined, { "last-event-id": "9" });
    expect(answer).toMatchObject({ status: 410, body: { code: "RESULTS_GONE", oldest: 11, message: expect.stringContaining("result 10 ") } });
  });

  test.each(["x", "-1", "1e3", "6"])("no result has had the id %s", async (id) => {
    const path = await submit(origin, "numbers", { count: 5 });
    await allEvents(origin, path);
    expect(await ask(origin, "GET", `${path}/results`, undefined, { "last-event-id": id })).toMatchObject({ status: 400, body: { code: "INVALID_REQUEST", message: expect.stringContaining(id) } });
  });
});
