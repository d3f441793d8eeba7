import { request } from "node:http";
import { json } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type EdgeServer, serveConfig } from "../../scripts/workerd.ts";

const CLASSES: Readonly<Record<string, string>> = { JOB_MANAGER: "JobManagerObject", TASKS: "TaskObject", STORAGE: "StorageObject" };
const JOBS_WORKER = fileURLToPath(new URL("worker/jobs-worker.ts", import.meta.url));

/** Serves a worker with the jobs of tests, or another one; `vars` are those of its deployment. */
export function serveJobs(vars: Readonly<Record<string, string>>, main: string = JOBS_WORKER, bindings: readonly string[] = Object.keys(CLASSES)): Promise<EdgeServer> {
  return serveConfig({
    name: "jobs",
    main,
    compatibility_date: "2026-11-01",
    vars,
    durable_objects: { bindings: bindings.map((name) => ({ name, class_name: CLASSES[name] })) },
    migrations: [{ tag: "v1", new_sqlite_classes: Object.values(CLASSES) }],
  });
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** What a request may carry. */
export type Body = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>;

/** Asks a worker whose answers are JSON. */
export async function ask(origin: string, method: string, path: string, body?: Body, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const response = await fetch(`${origin}${path}`, { method, headers, ...(body === undefined ? {} : { body, duplex: "half" }) });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Record<string, unknown> };
}

/** Says how long a body will be and sends nothing of it: a refusal can come before it. */
export function askBeforeBody(origin: string, path: string, length: number, headers: Readonly<Record<string, string>>): Promise<Pick<Answer, "status" | "body">> {
  return new Promise((resolve, reject) => {
    const asking = request(`${origin}${path}`, { method: "POST", headers: { ...headers, "content-length": length } }, (response) => {
      json(response)
        .then((body) => resolve({ status: response.statusCode!, body: body as Answer["body"] }), reject)
        .finally(() => asking.destroy());
    });
    asking.on("error", reject).flushHeaders();
  });
}

export const JSON_TYPE = { "content-type": "application/json" };
export const LINES_TYPE = { "content-type": "application/x-ndjson" };

/** Submits a job and returns its path. */
export async function submit(origin: string, module: string, args: object = {}): Promise<string> {
  const { headers } = await ask(origin, "POST", "/jobs", JSON.stringify({ module, args }), JSON_TYPE);
  return headers.get("location")!;
}

/** One server-sent event. */
export interface ServerEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data: unknown;
}

/** The events of a stream, as they come. */
export async function* eventsOf(response: Response): AsyncGenerator<ServerEvent> {
  let text = "";
  for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) if (!block.startsWith(":")) yield eventOf(block);
  }
}

function eventOf(block: string): ServerEvent {
  const fields = Object.fromEntries(block.split("\n").map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]));
  return { ...fields, data: JSON.parse(fields["data"]!) as unknown };
}

/** The next results, while the job runs. */
export async function nextResults(origin: string, path: string, count: number): Promise<unknown[]> {
  const events = eventsOf(await fetch(`${origin}${path}/results`));
  const results: unknown[] = [];
  while (results.length < count) results.push((await events.next()).value.data);
  await events.return(undefined);
  return results;
}

/** Ends all jobs: those that run have the slots that others wait for. */
export async function cancelAll(origin: string): Promise<void> {
  const { body } = await ask(origin, "GET", "/jobs");
  for (const { id } of body["jobs"] as readonly { readonly id: string }[]) await ask(origin, "DELETE", `/jobs/${id}`);
}

/** All events until the stream ends. */
export async function allEvents(origin: string, path: string, headers: Readonly<Record<string, string>> = {}, query = ""): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of eventsOf(await fetch(`${origin}${path}/results${query}`, { headers }))) events.push(event);
  return events;
}
