import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { type EdgeServer, serveConfig } from "../../scripts/workerd.ts";
import { STORAGE_CASES } from "../host/storage.case.ts";

const server: EdgeServer = await serveConfig({
  name: "storages",
  main: fileURLToPath(new URL("worker/storage-worker.ts", import.meta.url)),
  compatibility_date: "2026-11-01",
  durable_objects: { bindings: [{ name: "STORAGE", class_name: "StorageObject" }] },
  migrations: [{ tag: "v1", new_sqlite_classes: ["StorageObject"] }],
  kv_namespaces: [{ binding: "PARTS", id: "parts" }],
});
afterAll(() => server.close());

/** Rejects with what the call throws in workerd. */
async function call(name: string, ...args: readonly unknown[]): Promise<unknown> {
  const response = await fetch(`${server.origin}/${name}`, { method: "POST", body: JSON.stringify(args) });
  if (response.status !== 200) throw new Error(await response.text());
  return response.json();
}

let places = 0;
const newName = (): string => `place-${(places += 1)}`;

describe.each(["do", "kv"])("a storage at %s: in workerd", (scheme) => {
  test.each(STORAGE_CASES)("$title", async ({ title, expected }) => {
    expect(await call("case", `${scheme}:${newName()}`, title)).toEqual(expected);
  });
});

test("rows of an object have less than 2 MB", async () => {
  expect(await call("rows", newName(), "4000000")).toEqual([["a", 0, 1_900_000], ["a", 1, 1_900_000], ["a", 2, 200_000]]);
  expect(await call("rows", newName(), "1900000")).toEqual([["a", 0, 1_900_000]]);
});

test("what is written is there after the object is gone, for who has the storage open too", async () => {
  const name = newName();
  await call("put", `do:${name}`, "a", "text");
  expect(await call("die", name)).toContain("the test ends this object");
  expect(await call("get", `do:${name}`, "a")).toBe("text");
  expect(await call("put", `do:${name}`, "a", "other")).toBe(false);
});

test("what is not bound, and what is no address, is refused with what to do", async () => {
  for (const scheme of ["do", "kv"]) expect(await call("unbound", "STORAGE", `${scheme}:a`)).toMatch(/INVALID_ARGUMENT.*"durable_objects", bind "STORAGE" to the class "StorageObject"/);
  expect(await call("unbound", "PARTS", "kv:a")).toMatch(/INVALID_ARGUMENT.*"kv_namespaces", bind one as "PARTS"/);
  expect(await call("unbound", "PARTS", "do:a")).toBe("do:a");
  await expect(call("list", "do:")).rejects.toThrow(/INVALID_ARGUMENT.*do:NAME or kv:NAME/);
});
