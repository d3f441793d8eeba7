import type { JobArgs } from "../core/api/job-module.ts";
import { bytesOf, requireType } from "./bodies.ts";
import type { Submission } from "./edge-job.ts";
import type { EdgeJobs } from "./edge-jobs.ts";
import { takeEventLines } from "./event-lines.ts";
import { errorResponse, HttpError } from "./http-error.ts";
import { firstIdFor, HEARTBEAT_MS, resultStream } from "./result-stream.ts";
import { listSavepoints, putSavepoint, readSavepoint, removeSavepoint, requireSavepoints, savepointReport, SAVEPOINTS_URL } from "./savepoints.ts";
import type { StoragesEnv } from "./storages.ts";

/** Bytes of a submission: a job's arguments are few, its records come otherwise. */
export const SUBMISSION_BYTES_MAX = 2 ** 20;
const EVICTED = "they are lost when the platform evicts this object, as it does with idle ones and at each deployment";
const RESULTS_IN_MEMORY = `Results are in memory only: ${EVICTED}. Jobs that take checkpoints go on from the last one.`;
const ALL_IN_MEMORY = `Results and checkpoints are in memory only, since nothing is bound as STORAGE: ${EVICTED}, and the jobs begin anew.`;
const LINE_TYPES = ["application/x-ndjson", "application/ndjson", "application/jsonl"];
const BATCH_ID = /^[\x21-\x7e]{1,128}$/;

/** What an object has to answer with. */
export interface Answering {
  readonly jobs: EdgeJobs;
  readonly env: StoragesEnv;
}

type Handler = (request: Request, answering: Answering, name: string) => Promise<Response> | Response;

const ROUTES: readonly { readonly path: RegExp; readonly shown: string; readonly methods: Readonly<Record<string, Handler>> }[] = [
  { path: /^\/jobs$/, shown: "/jobs", methods: { GET: listJobs, POST: submitJob } },
  { path: /^\/jobs\/([^/]+)$/, shown: "/jobs/ID", methods: { GET: showJob, DELETE: cancelJob } },
  { path: /^\/jobs\/([^/]+)\/events$/, shown: "/jobs/ID/events", methods: { POST: takeEvents } },
  { path: /^\/jobs\/([^/]+)\/results$/, shown: "/jobs/ID/results", methods: { GET: streamResults } },
  { path: /^\/jobs\/([^/]+)\/savepoints$/, shown: "/jobs/ID/savepoints", methods: { POST: takeSavepoint } },
  { path: /^\/savepoints$/, shown: "/savepoints", methods: { GET: (_request, { env }) => listSavepoints(env) } },
  {
    path: /^\/savepoints\/([\w.-]{1,200})$/,
    shown: "/savepoints/NAME",
    methods: {
      GET: (_request, { env }, name) => readSavepoint(env, name),
      PUT: (request, { env }, name) => putSavepoint(request, env, name),
      DELETE: (_request, { env }, name) => removeSavepoint(env, name),
    },
  },
];

/** Answers a request for the jobs of this object; errors too are answers. */
export async function handleRequest(request: Request, answering: Answering): Promise<Response> {
  try {
    return await handlerFor(request)(answering);
  } catch (error) {
    return errorResponse(error);
  }
}

/** @throws HttpError NOT_FOUND, METHOD_NOT_ALLOWED */
function handlerFor(request: Request): (answering: Answering) => Promise<Response> | Response {
  const { pathname } = new URL(request.url);
  for (const { path, methods } of ROUTES) {
    const match = path.exec(pathname);
    if (match === null) continue;
    const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
    if (handler !== undefined) return (answering) => handler(request, answering, match[1] ?? "");
    const allowed = Object.keys(methods).join(", ");
    throw new HttpError("METHOD_NOT_ALLOWED", `${pathname} takes ${allowed}, not ${request.method}`, { allow: allowed });
  }
  throw new HttpError("NOT_FOUND", `there is nothing at ${pathname}: there is ${ROUTES.map(({ shown }) => shown).join(", ")}`);
}

function listJobs(_request: Request, { jobs, env }: Answering): Response {
  return Response.json({ jobs: jobs.list().map((job) => job.report), note: env.STORAGE === undefined ? ALL_IN_MEMORY : RESULTS_IN_MEMORY });
}

async function submitJob(request: Request, { jobs }: Answering): Promise<Response> {
  requireType(request, ["application/json"]);
  const job = await jobs.submit(submissionOf(new TextDecoder().decode(await bytesOf(request, SUBMISSION_BYTES_MAX, "a submission"))));
  return Response.json(job.report, { status: 201, headers: { location: `/jobs/${job.id}` } });
}

async function showJob(_request: Request, { jobs }: Answering, id: string): Promise<Response> {
  return Response.json(await jobs.get(id).detailedReport());
}

async function cancelJob(_request: Request, { jobs }: Answering, id: string): Promise<Response> {
  const job = jobs.get(id);
  await job.cancel();
  return Response.json(job.report);
}

async function takeEvents(request: Request, { jobs }: Answering, id: string): Promise<Response> {
  const job = jobs.get(id);
  requireType(request, LINE_TYPES);
  job.requireRunning("takes no events");
  const { searchParams } = new URL(request.url);
  const source = job.sourceNamed(searchParams.get("source"));
  const batch = batchOf(request.headers.get("idempotency-key") ?? searchParams.get("batch"));
  let from = 0;
  const push = async (records: readonly unknown[]): Promise<void> => {
    await job.push(source, records, batch === undefined ? undefined : { id: batch, from });
    from += records.length;
  };
  return Response.json({ taken: await takeEventLines(request, push) });
}

/** @throws HttpError INVALID_REQUEST */
function batchOf(id: string | null): string | undefined {
  if (id === null) return undefined;
  if (BATCH_ID.test(id)) return id;
  throw new HttpError("INVALID_REQUEST", "the id of a batch (header Idempotency-Key, or ?batch=) has 1 to 128 visible characters of ASCII");
}

function streamResults(request: Request, { jobs }: Answering, id: string): Response {
  const results = jobs.get(id).resultsNamed(new URL(request.url).searchParams.get("name"));
  const firstId = firstIdFor(request.headers.get("last-event-id"), results);
  return new Response(resultStream(results, firstId, HEARTBEAT_MS), { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}

async function takeSavepoint(request: Request, { jobs, env }: Answering, id: string): Promise<Response> {
  const job = jobs.get(id);
  requireSavepoints(env);
  const { searchParams } = new URL(request.url);
  const [stop, drain] = [flagOf(searchParams, "stop"), flagOf(searchParams, "drain")];
  if (drain && !stop) throw new HttpError("INVALID_REQUEST", "a job is drained when it is stopped: ?stop=true&drain=true");
  const { bytes, path = "" } = await job.savepoint(SAVEPOINTS_URL, { stop, drain });
  return Response.json(savepointReport(path, bytes), { status: 201, headers: { location: `/savepoints/${path.slice(SAVEPOINTS_URL.length + 1)}` } });
}

/** @throws HttpError INVALID_REQUEST */
function flagOf(parameters: URLSearchParams, name: string): boolean {
  const value = parameters.get(name) ?? "false";
  if (value === "true" || value === "false") return value === "true";
  throw new HttpError("INVALID_REQUEST", `?${name}= is true or false, not ${value}`);
}

/** @throws HttpError INVALID_REQUEST */
function submissionOf(text: string): Submission {
  const example = 'such as {"module": "flights", "args": {}}';
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new HttpError("INVALID_REQUEST", `the body must be JSON, ${example}: ${(cause as Error).message}`);
  }
  if (!isObject(given)) throw new HttpError("INVALID_REQUEST", `the body must be an object, ${example}`);
  const { module, args = {}, configuration = {}, ...others } = given;
  const [strange] = Object.keys(others);
  if (strange !== undefined) throw new HttpError("INVALID_REQUEST", `the body has a field "${strange}", but may have module, args and configuration only, ${example}`);
  if (typeof module !== "string") throw new HttpError("INVALID_REQUEST", `"module" must name a job module, ${example}`);
  if (!isObject(args)) throw new HttpError("INVALID_REQUEST", `"args" must be an object, ${example}`);
  if (!isObject(configuration)) throw new HttpError("INVALID_REQUEST", `"configuration" must be an object, such as {"execution.checkpointing.interval": "10 s"}`);
  return { module, args: args as JobArgs, configuration };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
