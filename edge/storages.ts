import { JobError } from "../core/lib/errors.ts";
import { openMemoryStorage } from "../core/host/memory-storage.ts";
import { recordsApart } from "../core/host/records-apart.ts";
import type { AsyncStorage, StorageSchemes } from "../core/host/storage.ts";
import type { ObjectNamespace } from "./durable-object.ts";
import { type KvNamespace, kvParts } from "./kv-parts.ts";
import type { StoragePeer } from "./storage-object.ts";

/** What a worker has to keep checkpoints in, as it is bound to it. */
export interface StoragesEnv {
  readonly STORAGE?: ObjectNamespace<StoragePeer>;
  readonly PARTS?: KvNamespace;
}

/** What a worker and its objects can keep checkpoints in: `do:NAME`, an object of this name, and `kv:NAME`, the same with the bytes of parts in KV. */
export function edgeStorages(env: StoragesEnv): StorageSchemes {
  return { memory: openMemoryStorage, do: (url) => openObjectStorage(url, nameIn(url), env), kv: (url) => openKvStorage(url, env) };
}

function nameIn(url: string): string {
  const name = /^(?:do|kv):([\w./-]+)$/.exec(url)?.[1];
  if (name === undefined) throw new JobError("INVALID_ARGUMENT", `the address of a storage at the edge is do:NAME or kv:NAME, of letters, digits, ".", "_", "-" and "/", not ${url}`);
  return name;
}

function openObjectStorage(description: string, name: string, { STORAGE }: StoragesEnv): AsyncStorage {
  if (STORAGE === undefined) {
    throw new JobError("INVALID_ARGUMENT", `${description} needs an object that decides between writers: in the wrangler configuration, under "durable_objects", bind "STORAGE" to the class "StorageObject"`);
  }
  // After an error of the platform a stub is of no use any more, so each call takes a new one.
  const peer = (): StoragePeer => STORAGE.get(STORAGE.idFromName(name));
  return {
    description,
    // Of a view, a call carries all the memory that is viewed.
    putIfAbsent: (value, bytes) => peer().putIfAbsent(value, bytes.length < bytes.buffer.byteLength ? bytes.slice() : bytes),
    get: (value) => peer().get(value),
    list: (prefix, after) => peer().list(prefix, after),
    remove: (values) => peer().remove(values),
    close() {},
  };
}

function openKvStorage(url: string, env: StoragesEnv): AsyncStorage {
  const name = nameIn(url);
  const records = openObjectStorage(url, name, env);
  if (env.PARTS === undefined) throw new JobError("INVALID_ARGUMENT", `${url} needs a namespace of KV: in the wrangler configuration, under "kv_namespaces", bind one as "PARTS"`);
  return recordsApart(url, records, kvParts(env.PARTS), (value) => `${name}/${value}/${crypto.randomUUID()}`);
}
