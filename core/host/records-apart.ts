import type { AsyncStorage } from "./storage.ts";

/** Keeps bytes by keys, each of which is written once, and asked for only by who knows that it was. It need not decide anything, nor tell its keys. */
export interface PartStore {
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Rejects where there is nothing of this key. */
  get(key: string): Promise<Uint8Array>;
  /** Keys that are not there are passed over. */
  remove(keys: readonly string[]): Promise<void>;
  close(): void;
}

const encoder = /* @__PURE__ */ new TextEncoder();
const decoder = /* @__PURE__ */ new TextDecoder("utf-8");

/**
 * One storage of two: `records` has what decides, which are the values with `/records/` in their names, and of each other value its name and the key of its bytes, which are in `parts`.
 *
 * The name is taken first: so of all writers one writes, and no bytes are in `parts` whose name is not listed here. A writer that dies between the two leaves a name without bytes; `get` of that
 * fails, and `remove` removes it. Keys are never used twice: it does not matter how late or how long copies of a key are seen, nor that one was found missing before it was written.
 */
export function recordsApart(description: string, records: AsyncStorage, parts: PartStore, newKey: (name: string) => string): AsyncStorage {
  const keyOf = async (name: string): Promise<string | undefined> => {
    const key = isRecord(name) ? undefined : await records.get(name);
    return key && decoder.decode(key);
  };
  return {
    description,
    async putIfAbsent(name, bytes) {
      if (isRecord(name)) return records.putIfAbsent(name, bytes);
      const key = newKey(name);
      if (!(await records.putIfAbsent(name, encoder.encode(key)))) return false;
      await parts.put(key, bytes);
      return true;
    },
    async get(name) {
      if (isRecord(name)) return records.get(name);
      const key = await keyOf(name);
      return key === undefined ? undefined : parts.get(key);
    },
    list: (prefix, after) => records.list(prefix, after),
    async remove(names) {
      const keys = await Promise.all(names.map(keyOf));
      await parts.remove(keys.filter((key) => key !== undefined));
      await records.remove(names);
    },
    close() {
      records.close();
      parts.close();
    },
  };
}

function isRecord(name: string): boolean {
  return name.includes("/records/");
}
