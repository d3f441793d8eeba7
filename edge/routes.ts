import type { JobArgs } from "../core/api/job-module.ts";
import type { EdgeJobs } from "./edge-jobs.ts";
import { takeEventLines } from "./event-lines.ts";
import { errorResponse, HttpError } from "./http-error.ts";
import { firstIdFor, HEARTBEAT_MS, resultStream } from "./result-stream.ts";

/** Bytes of a submission: a job's arguments are few, its records come otherwise. */
export const SUBMISSION_BYTES_MAX = 2 ** 20;
const LOST_ON_EVICTION = "Jobs, their state and their results are in memory only: they are lost when the platform evicts this object, as it does with idle ones and at each deployment.";
const LINE_TYPES = ["application/x-ndjson", "application/ndjson", "application/jsonl"];

type Handler = (request: Request, jobs: EdgeJobs, id: string) => Promise<Response> | Response;

const ROUTES: readonly { readonly path: RegExp; readonly shown: string; readonly methods: Readonly<Record<string, Handler>> }[] = [
  { path: /^\/jobs$/, shown: "/jobs", methods: { GET: listJobs, POST: submitJob } },
  { path: /^\/jobs\/([^/]+)$/, shown: "/jobs/ID", methods: { GET: showJob, DELETE: cancelJob } },
  { path: /^\/jobs\/([^/]+)\/events$/, shown: "/jobs/ID/events", methods: { POST: takeEvents } },
  { path: /^\/jobs\/([^/]+)\/results$/, shown: "/jobs/ID/results", methods: { GET: streamResults } },
];

/** Answers a request for the jobs of this object; errors too are answers. */
export async function handleRequest(request: Request, jobs: EdgeJobs): Promise<Response> {
  try {
    return await handlerFor(request)(jobs);
  } catch (error) {
    return errorResponse(error);
  }
}

/** @throws HttpError NOT_FOUND, METHOD_NOT_ALLOWED */
function handlerFor(request: Request): (jobs: EdgeJobs) => Promise<Response> | Response {
  const { pathname } = new URL(request.url);
  for (const { path, methods } of ROUTES) {
    const match = path.exec(pathname);
    if (match === null) continue;
    const handler = Object.hasOwn(methods, request.method) ? methods[request.method] : undefined;
    if (handler !== undefined) return (jobs) => handler(request, jobs, match[1] ?? "");
    const allowed = Object.keys(methods).join(", ");
    throw new HttpError("METHOD_NOT_ALLOWED", `${pathname} takes ${allowed}, not ${request.method}`, { allow: allowed });
  }
  throw new HttpError("NOT_FOUND", `there is nothing at ${pathname}: there is ${ROUTES.map(({ shown }) => shown).join(", ")}`);
}

function listJobs(_request: Request, jobs: EdgeJobs): Response {
  return Response.json({ jobs: jobs.list().map((job) => job.report), note: LOST_ON_EVICTION });
}

async function submitJob(request: Request, jobs: EdgeJobs): Promise<Response> {
  requireType(request, ["application/json"]);
  const { module, args } = submissionOf(await textOf(request));
  const job = await jobs.submit(module, args);
  return Response.json(job.report, { status: 201, headers: { location: `/jobs/${job.id}` } });
}

async function showJob(_request: Request, jobs: EdgeJobs, id: string): Promise<Response> {
  return Response.json(await jobs.get(id).detailedReport());
}

async function cancelJob(_request: Request, jobs: EdgeJobs, id: string): Promise<Response> {
  const job = jobs.get(id);
  await job.cancel();
  return Response.json(job.report);
}

async function takeEvents(request: Request, jobs: EdgeJobs, id: string): Promise<Response> {
  const job = jobs.get(id);
  requireType(request, LINE_TYPES);
  await job.requireRunning();
  const source = job.sourceNamed(new URL(request.url).searchParams.get("source"));
  return Response.json({ taken: await takeEventLines(request, (records) => job.push(source, records)) });
}

function streamResults(request: Request, jobs: EdgeJobs, id: string): Response {
  const results = jobs.get(id).resultsNamed(new URL(request.url).searchParams.get("name"));
  const firstId = firstIdFor(request.headers.get("last-event-id"), results);
  return new Response(resultStream(results, firstId, HEARTBEAT_MS), { headers: { "content-type": "text/event-stream", "cache-control": "no-store" } });
}

function requireType(request: Request, types: readonly string[]): void {
  const [type = ""] = (request.headers.get("content-type") ?? "").toLowerCase().split(";", 1);
  const encoding = request.headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") throw new HttpError("UNSUPPORTED_MEDIA_TYPE", `send the body as it is, not with content-encoding ${encoding}`);
  if (types.includes(type.trim())) return;
  throw new HttpError("UNSUPPORTED_MEDIA_TYPE", `send the header content-type: ${types[0]}; it was ${type === "" ? "missing" : type}`);
}

async function textOf(request: Request): Promise<string> {
  const tooLarge = new HttpError("TOO_LARGE", `a submission may have ${SUBMISSION_BYTES_MAX} bytes`);
  if (SUBMISSION_BYTES_MAX < Number(request.headers.get("content-length") ?? 0)) throw tooLarge;
  const decoder = new TextDecoder("utf-8", { ignoreBOM: false });
  let [text, bytes] = ["", 0];
  const reader = (request.body ?? new Blob([]).stream()).getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    bytes += read.value.length;
    if (SUBMISSION_BYTES_MAX < bytes) {
      await reader.cancel();
      throw tooLarge;
    }
    text += decoder.decode(read.value, { stream: true });
  }
  return text + decoder.decode();
}

/** @throws HttpError INVALID_REQUEST */
function submissionOf(text: string): { readonly module: string; readonly args: JobArgs } {
  const example = 'such as {"module": "flights", "args": {}}';
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (cause) {
    throw new HttpError("INVALID_REQUEST", `the body must be JSON, ${example}: ${(cause as Error).message}`);
  }
  if (!isObject(given)) throw new HttpError("INVALID_REQUEST", `the body must be an object, ${example}`);
  const { module, args = {}, ...others } = given;
  const [strange] = Object.keys(others);
  if (strange !== undefined) throw new HttpError("INVALID_REQUEST", `the body has a field "${strange}", but may have module and args only, ${example}`);
  if (typeof module !== "string") throw new HttpError("INVALID_REQUEST", `"module" must name a job module, ${example}`);
  if (!isObject(args)) throw new HttpError("INVALID_REQUEST", `"args" must be an object, ${example}`);
  return { module, args: args as JobArgs };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
