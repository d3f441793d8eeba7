import type { AsyncStorage } from "../../core/host/storage.ts";
import type { Case } from "../host/case.ts";
import { type StorageUnderTest, isEqual, randomBytes, textBytes, textOf } from "../host/storage.case.ts";

/** A storage in a database of a page, and the database itself. */
export interface IndexedDbUnderTest extends StorageUnderTest {
  openAt(url: string): AsyncStorage;
  /** Deletes the database; rejects where that is held up. */
  remove(): Promise<void>;
  /** Makes the database as something else would, with no store of ours. */
  makeForeign(version: number): Promise<void>;
  /** Of each record in the store: its key, and how many bytes it has. */
  records(): Promise<readonly (readonly [unknown, number])[]>;
}

const MEGABYTE = 1_048_576;

/** What only this storage has to promise. */
export const INDEXED_DB_CASES: readonly Case<IndexedDbUnderTest>[] = [
  {
    title: "large values are in pieces of 2 MB",
    expected: [[["a", 0], 2 * MEGABYTE], [["a", 1], 2 * MEGABYTE], [["a", 2], 1], [["b", 0], 2 * MEGABYTE], [["c", 0], 0]],
    async run({ open, records }) {
      const storage = open();
      const lengths = { a: 4 * MEGABYTE + 1, b: 2 * MEGABYTE, c: 0 };
      for (const [name, length] of Object.entries(lengths)) await storage.putIfAbsent(name, randomBytes(length, 1));
      storage.close();
      return records();
    },
  },
  {
    title: "a name with one piece is not one of the pieces of another",
    expected: [true, true, "one", true],
    async run({ open }) {
      const storage = open();
      const large = randomBytes(3 * MEGABYTE, 2);
      return [await storage.putIfAbsent("a", large), await storage.putIfAbsent("a1", textBytes("one")), textOf(await storage.get("a1")), isEqual(await storage.get("a"), large)];
    },
  },
  {
    title: "the database can be deleted while it is open, and is made again",
    expected: { before: ["a"], after: [], again: true, names: ["b"] },
    async run({ open, remove }) {
      const storage = open();
      await storage.putIfAbsent("a", textBytes("a"));
      const before = await storage.list("", "");
      await remove();
      const after = await storage.list("", "");
      return { before, after, again: await storage.putIfAbsent("b", textBytes("b")), names: await storage.list("", "") };
    },
  },
  {
    title: "a database that is deleted while values are written takes each of them whole or not at all",
    expected: { isWhole: true, isOpen: true },
    async run({ open, remove }) {
      const storage = open();
      const names = Array.from({ length: 20 }, (_, index) => `a/${index}`);
      const writing = Promise.allSettled(names.map((name) => storage.putIfAbsent(name, randomBytes(3 * MEGABYTE, 3))));
      await Promise.all([writing, remove()]);
      const sizes = await Promise.all(names.map(async (name) => (await storage.get(name))?.length ?? 0));
      return { isWhole: sizes.every((size) => size === 0 || size === 3 * MEGABYTE), isOpen: await storage.putIfAbsent("b", textBytes("b")) };
    },
  },
  {
    title: "addresses without a name are refused",
    expected: ["refused idb:", "refused file:x"],
    run: async ({ openAt }) => ["idb:", "file:x"].map((url) => {
      try {
        return openAt(url).description;
      } catch (error) {
        return String(error).replace(/^.*INVALID_ARGUMENT.*idb:NAME.*, not /, "refused ");
      }
    }),
  },
  {
    title: "a database of something else is refused",
    expected: [1, 7].map(() => "Error: the database is of something else"),
    async run({ open, makeForeign, remove }) {
      const said: string[] = [];
      for (const version of [1, 7]) {
        await makeForeign(version);
        said.push(await open().putIfAbsent("a", textBytes("a")).then(String, String));
        await remove();
      }
      return said.map((text) => text.replace(/the database ".*" was made by something else, or by a later version of Tamias; choose another name \(\w+\)/, "the database is of something else"));
    },
  },
];
