import { afterAll, describe, expect, test } from "vitest";
import type { EdgeServer } from "../../scripts/workerd.ts";
import { JSON_TYPE, ask, serveJobs } from "./jobs-server.ts";

const SECRET = "correct horse battery staple".replaceAll(" ", "-");
const guarded: EdgeServer = await serveJobs({ TAMIAS_SECRET: SECRET });
const unset: EdgeServer = await serveJobs({ TAMIAS_SECRET: "" });
const open: EdgeServer = await serveJobs({ TAMIAS_MODE: "dev" });
afterAll(() => [guarded, unset, open].forEach((server) => server.close()));

const REQUESTS = [
  ["GET", "/jobs"],
  ["POST", "/jobs"],
  ["GET", "/jobs/x"],
  ["DELETE", "/jobs/x"],
  ["POST", "/jobs/x/events"],
  ["GET", "/jobs/x/results"],
  ["PATCH", "/nowhere"],
] as const;

describe.each(REQUESTS)("%s %s", (method, path) => {
  test("needs the secret", async () => {
    const answer = await ask(guarded.origin, method, path);
    expect(answer).toMatchObject({ status: 401, body: { code: "UNAUTHORIZED" } });
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="tamias"');
  });

  test.each([`${SECRET}x`, SECRET.slice(1), SECRET.toUpperCase(), "x", `${SECRET} ${SECRET}`])("is not open to the bearer %s", async (bearer) => {
    const answer = await ask(guarded.origin, method, path, undefined, { authorization: `Bearer ${bearer}` });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer realm="tamias"/);
    expect(JSON.stringify(answer.body)).not.toContain(SECRET);
  });

  test("is closed without a secret to compare with, and says what to set", async () => {
    for (const headers of [{}, { authorization: "Bearer " }, { authorization: "Bearer x" }]) {
      const answer = await ask(unset.origin, method, path, undefined, headers);
      expect(answer).toMatchObject({ status: 503, body: { code: "NOT_CONFIGURED", message: expect.stringContaining("wrangler secret put TAMIAS_SECRET") } });
    }
  });
});

test.each(["Bearer", "bearer"])("who has the secret gets in (%s)", async (scheme) => {
  const headers = { authorization: `${scheme} ${SECRET}` };
  expect((await ask(guarded.origin, "GET", "/jobs", undefined, headers)).status).toBe(200);
  expect((await ask(guarded.origin, "POST", "/jobs", '{"module":"echo"}', { ...JSON_TYPE, ...headers })).status).toBe(201);
});

test("in the mode dev anybody gets in", async () => {
  expect((await ask(open.origin, "GET", "/jobs")).status).toBe(200);
});

test.each([
  ["no objects", [], "GET", '"JOB_MANAGER" to the class "JobManagerObject"'],
  ["no objects for subtasks", ["JOB_MANAGER"], "POST", '"TASKS" to the class "TaskObject"'],
])("a deployment with %s says what to bind", async (_title, bindings, method, message) => {
  const server = await serveJobs({ TAMIAS_MODE: "dev" }, undefined, bindings);
  try {
    const answer = await ask(server.origin, method, "/jobs", method === "POST" ? '{"module":"echo"}' : undefined, JSON_TYPE);
    expect(answer).toMatchObject({ status: 503, body: { code: "NOT_CONFIGURED", message: expect.stringContaining(message) } });
  } finally {
    server.close();
  }
});

test("the secret is in no output", () => {
  expect(guarded.output()).not.toContain(SECRET);
});
