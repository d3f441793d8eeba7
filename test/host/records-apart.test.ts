import { describe, expect, test } from "vitest";
import { openMemoryStorage } from "../../core/host/memory-storage.ts";
import { type PartStore, recordsApart } from "../../core/host/records-apart.ts";
import type { AsyncStorage } from "../../core/host/storage.ts";
import { STORAGE_CASES, textBytes, textOf } from "./storage.case.ts";

/** Parts in memory. */
class Parts implements PartStore {
  readonly values = new Map<string, Uint8Array>();
  isFull = false;

  async put(key: string, bytes: Uint8Array): Promise<void> {
    if (this.isFull) throw new Error("the parts are full");
    this.values.set(key, bytes.slice());
  }

  async get(key: string): Promise<Uint8Array> {
    const bytes = this.values.get(key);
    if (bytes === undefined) throw new Error(`there is no ${key}`);
    return bytes.slice();
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.values.delete(key);
  }

  close(): void {}
}

let keys = 0;
function apart(records: AsyncStorage, parts: PartStore): AsyncStorage {
  return recordsApart("records apart", records, parts, (name) => `${name}#${(keys += 1)}`);
}

describe("a storage with records apart", () => {
  test.each(STORAGE_CASES)("$title", async ({ title, run, expected }) => {
    const parts = new Parts();
    expect(await run({ open: () => apart(openMemoryStorage(`memory:records apart, ${title}`), parts) })).toEqual(expected);
  });

  test("has records with what decides, and the bytes of all else with the parts, by keys that are never used twice", async () => {
    const [records, parts] = [openMemoryStorage("memory:"), new Parts()];
    const storage = apart(records, parts);
    const seen = new Set<string>();
    await storage.putIfAbsent("job/records/1", textBytes("record"));
    for (let time = 0; time < 3; time += 1) {
      await storage.putIfAbsent("job/parts/1", textBytes("part"));
      for (const key of parts.values.keys()) seen.add(key);
      await storage.remove(["job/parts/1"]);
    }
    expect(seen.size).toBe(3);
    expect([...parts.values.keys()]).toEqual([]);
    expect(textOf(await records.get("job/records/1"))).toBe("record");
  });

  test("lists what has no bytes because its writer failed, says so to who reads it, and can remove it", async () => {
    const parts = new Parts();
    const storage = apart(openMemoryStorage("memory:"), parts);
    parts.isFull = true;
    await expect(storage.putIfAbsent("job/parts/1", textBytes("part"))).rejects.toThrow("the parts are full");
    expect(await storage.list("job/", "")).toEqual(["job/parts/1"]);
    await expect(storage.get("job/parts/1")).rejects.toThrow(/there is no job\/parts\/1#/);
    await storage.remove(["job/parts/1"]);
    expect([await storage.list("", ""), await storage.get("job/parts/1")]).toEqual([[], undefined]);
  });
});
