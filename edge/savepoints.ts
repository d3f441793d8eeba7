import { decodeRecord } from "../core/checkpoint/record.ts";
import type { AsyncStorage } from "../core/host/storage.ts";
import { bytesOf } from "./bodies.ts";
import { errorFields, HttpError } from "./http-error.ts";
import { edgeStorages, type StoragesEnv } from "./storages.ts";

/** Where savepoints lie. A job begins from one at `do:savepoints/NAME`. */
export const SAVEPOINTS_URL = "do:savepoints";
/** Bytes of a savepoint that is brought: it goes to each object of its job in one message, beside the job's graph and arguments. */
export const SAVEPOINT_BYTES_MAX = 14 * 2 ** 20;

/** @throws HttpError NOT_CONFIGURED */
export function requireSavepoints(env: StoragesEnv): AsyncStorage {
  if (env.STORAGE !== undefined) return edgeStorages(env)["do"]!(SAVEPOINTS_URL);
  throw new HttpError("NOT_CONFIGURED", 'the worker has nowhere to keep savepoints: in its wrangler configuration, under "durable_objects", bind "STORAGE" to the class "StorageObject"');
}

export async function listSavepoints(env: StoragesEnv): Promise<Response> {
  return Response.json({ savepoints: await requireSavepoints(env).list("", "") });
}

/** @throws HttpError NOT_FOUND */
export async function readSavepoint(env: StoragesEnv, name: string): Promise<Response> {
  const bytes = await requireSavepoints(env).get(name);
  if (bytes === undefined) throw new HttpError("NOT_FOUND", `there is no savepoint ${name}: GET /savepoints lists those there are`);
  return new Response(bytes.slice(), { headers: { "content-type": "application/octet-stream", "content-disposition": `attachment; filename="${name}"` } });
}

/** @throws HttpError TOO_LARGE, INVALID_REQUEST, SAVEPOINT_EXISTS */
export async function putSavepoint(request: Request, env: StoragesEnv, name: string): Promise<Response> {
  const storage = requireSavepoints(env);
  const bytes = await bytesOf(request, SAVEPOINT_BYTES_MAX, "a savepoint that is brought");
  requireSavepoint(bytes);
  if (!(await storage.putIfAbsent(name, bytes))) throw new HttpError("SAVEPOINT_EXISTS", `there is a savepoint ${name}: take another name, or remove it with DELETE /savepoints/${name}`);
  return Response.json(savepointReport(`${SAVEPOINTS_URL}/${name}`, bytes), { status: 201, headers: { location: `/savepoints/${name}` } });
}

export async function removeSavepoint(env: StoragesEnv, name: string): Promise<Response> {
  await requireSavepoints(env).remove([name]);
  return Response.json({});
}

/** What answers say of a savepoint; `path` is what a job is told that begins from it. */
export function savepointReport(path: string, bytes: Uint8Array): object {
  return { path, bytes: bytes.length };
}

/** @throws HttpError INVALID_REQUEST */
function requireSavepoint(bytes: Uint8Array): void {
  let what = "";
  try {
    const { kind } = decodeRecord(bytes);
    if (kind === "savepoint") return;
    what = `it is a record of kind ${kind}`;
  } catch (cause) {
    what = errorFields(cause).message;
  }
  throw new HttpError("INVALID_REQUEST", `the body is no savepoint: ${what}; curl keeps it as it is with --data-binary`);
}
