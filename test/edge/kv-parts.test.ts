import { expect, test } from "vitest";
import { type KvNamespace, kvParts } from "../../edge/kv-parts.ts";
import { textBytes, textOf } from "../host/storage.case.ts";

/** KV as it may be seen from another place: a value is missing for the first times that it is asked for. */
function slowKv(timesMissing: number): KvNamespace {
  const values = new Map<string, Uint8Array>();
  let asked = 0;
  return {
    put: async (key, value) => void values.set(key, value.slice()),
    delete: async (key) => void values.delete(key),
    get: async (key) => ((asked += 1) <= timesMissing ? null : ((values.get(key)?.buffer as ArrayBuffer | undefined) ?? null)),
  };
}

test("a part that must be there is asked for again, for longer than a place may remember that it was missing", async () => {
  const waits: number[] = [];
  const wait = async (ms: number): Promise<void> => void waits.push(ms);
  const late = kvParts(slowKv(4), wait);
  await late.put("a", textBytes("late"));
  expect(textOf(await late.get("a"))).toBe("late");
  expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(60_000);
  waits.length = 0;
  await expect(kvParts(slowKv(5), wait).get("a")).rejects.toThrow("KV has no a, also after a while");
  expect(waits).toHaveLength(4);
});

test("a value that is too large for KV is refused with its size", async () => {
  await expect(kvParts(slowKv(0)).put("a", new Uint8Array(26_214_401))).rejects.toThrow("KV takes values of up to 26214400 bytes, and this has 26214401");
});
