import { JobError } from "../lib/errors.ts";
import { isThenable } from "../lib/thenable.ts";
import type { AsyncStorage } from "./storage.ts";

/** What named storages hold, for as long as the thread lives: whoever opens one again sees what was there. */
const SHARED = new Map<string, Map<string, Uint8Array>>();

/** `memory:` is a storage of whoever opens it; `memory:NAME` is one of this thread, for all who open it by that name. Both end with the thread. */
export function openMemoryStorage(url: string): AsyncStorage {
  if (!url.startsWith("memory:")) throw new JobError("INVALID_ARGUMENT", `the address of a storage in memory is memory: or memory:NAME, not ${url}`);
  if (url === "memory:") return memoryStorage(url, new Map());
  const values = SHARED.get(url) ?? new Map<string, Uint8Array>();
  SHARED.set(url, values);
  return memoryStorage(url, values);
}

function memoryStorage(description: string, values: Map<string, Uint8Array>): AsyncStorage {
  return {
    description,
    putIfAbsent(name, bytes) {
      const isAbsent = !values.has(name);
      if (isAbsent) values.set(name, bytes.slice());
      return settled(isAbsent);
    },
    get: (name) => settled(values.get(name)?.slice()),
    list: (prefix, after) => settled([...values.keys()].filter((name) => name.startsWith(prefix) && after < name).sort()),
    remove(names) {
      for (const name of names) values.delete(name);
      return settled(undefined);
    },
    close() {},
  };
}

/** An answer that is there already: it is given at once, without the queue of promises, which simulations do not see. */
function settled<T>(value: T): PromiseLike<T> {
  return {
    then: <R>(onValue?: ((value: T) => R | PromiseLike<R>) | null) => {
      const next = onValue == null ? value : onValue(value);
      return (isThenable(next) ? next : settled(next)) as PromiseLike<R>;
    },
  };
}
