import type { AsyncStorage } from "../../../core/host/storage.ts";
import { StorageObject as Storage } from "../../../edge/storage-object.ts";
import { edgeStorages, type StoragesEnv } from "../../../edge/storages.ts";
import { STORAGE_CASES, randomBytes, textBytes, textOf } from "../../host/storage.case.ts";

/** The object, whose database a test may look into, and which it may end. */
export class StorageObject extends Storage {
  rows(): readonly unknown[] {
    const { sql } = this.ctx.storage;
    return sql.exec("select name, piece, length(bytes) as length from pieces order by name, piece").toArray().map(({ name, piece, length }) => [name, piece, length]);
  }

  die(): void {
    this.ctx.abort("the test ends this object");
  }
}

type Call = (open: (url: string) => AsyncStorage, env: StoragesEnv, ...args: readonly string[]) => PromiseLike<unknown>;

/** What a test can ask for, by its name. */
const CALLS: Readonly<Record<string, Call>> = {
  /** What comes of a case of the suite of storages. */
  case: (open, _env, url, title) => STORAGE_CASES.find((known) => known.title === title)!.run({ open: () => open(url!) }),
  put: (open, _env, url, name, text) => open(url!).putIfAbsent(name!, textBytes(text!)),
  get: async (open, _env, url, name) => textOf(await open(url!).get(name!)),
  list: (open, _env, url) => open(url!).list("", ""),
  remove: (open, _env, url, name) => open(url!).remove([name!]),
  /** Writes a value of so many bytes, and tells how the object has it. */
  async rows(open, env, name, length) {
    await open(`do:${name}`).putIfAbsent("a", randomBytes(Number(length), 1));
    return objectNamed(env, name!).rows();
  },
  die: (_open, env, name) => objectNamed(env, name!).die().catch(String),
  /** What is said where something is not bound. */
  async unbound(_open, env, binding, url) {
    try {
      return edgeStorages({ ...env, [binding!]: undefined })[url!.split(":")[0]!]!(url!).description;
    } catch (error) {
      return String(error);
    }
  },
};

function objectNamed({ STORAGE }: StoragesEnv, name: string): { rows(): Promise<unknown>; die(): Promise<unknown> } {
  return STORAGE!.get(STORAGE!.idFromName(name)) as unknown as ReturnType<typeof objectNamed>;
}

/** `POST /CALL` with the arguments as JSON. */
export default {
  async fetch(request: Request, env: StoragesEnv): Promise<Response> {
    const storages = edgeStorages(env);
    const open = (url: string): AsyncStorage => storages[url.split(":")[0]!]!(url);
    try {
      const call = CALLS[new URL(request.url).pathname.slice(1)]!;
      return Response.json((await call(open, env, ...((await request.json()) as string[]))) ?? null);
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
