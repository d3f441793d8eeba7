import { describe, expect, test } from "vitest";
import { openMemoryStorage } from "../../core/host/memory-storage.ts";
import { STORAGE_CASES, textBytes } from "./storage.case.ts";

describe("a storage in memory with a name", () => {
  test.each(STORAGE_CASES)("$title", async ({ title, run, expected }) => {
    expect(await run({ open: () => openMemoryStorage(`memory:${title}`) })).toEqual(expected);
  });
});

describe("a storage in memory without a name", () => {
  test("is of whoever opens it alone", async () => {
    const [one, other] = [openMemoryStorage("memory:"), openMemoryStorage("memory:")];
    await one.putIfAbsent("a", textBytes("a"));
    expect(await other.list("", "")).toEqual([]);
  });
});

test("another address is refused", () => {
  expect(() => openMemoryStorage("file:x")).toThrow(/INVALID_ARGUMENT.*memory:NAME, not file:x/);
});
