import type { AsyncStorage } from "../../core/host/storage.ts";
import { Prng } from "../../core/lib/prng.ts";
import type { Case } from "./case.ts";

/** A place that is empty before a case. */
export interface StorageUnderTest {
  /** The same place each time. */
  open(): AsyncStorage;
}

const MEGABYTE = 1_000_000;
const WRITERS = 8;
const SEED = 6;

const PUT_CASES: readonly Case<StorageUnderTest>[] = [
  {
    title: "of writers of one name at the same time one writes, and all read its bytes",
    expected: { written: 1, isOfWinner: true },
    async run({ open }) {
      const storages = [open(), open()];
      const answers = await Promise.all(range(WRITERS).map((writer) => storages[writer % 2]!.putIfAbsent("job/records/1", textBytes(`writer ${writer}`))));
      const read = await Promise.all(storages.map((storage) => storage.get("job/records/1")));
      return { written: answers.filter(Boolean).length, isOfWinner: read.every((bytes) => textOf(bytes) === `writer ${answers.indexOf(true)}`) };
    },
  },
  {
    title: "of writers of one large value at the same time one writes, whole",
    expected: { written: 1, isOfWinner: true },
    async run({ open }) {
      const storages = [open(), open()];
      const values = range(4).map((writer) => randomBytes(3 * MEGABYTE, writer));
      const answers = await Promise.all(values.map((bytes, writer) => storages[writer % 2]!.putIfAbsent("job/parts/1", bytes)));
      return { written: answers.filter(Boolean).length, isOfWinner: isEqual(await open().get("job/parts/1"), values[answers.indexOf(true)]!) };
    },
  },
  {
    title: "a name that is there keeps its bytes",
    expected: [true, false, "first"],
    async run({ open }) {
      const storage = open();
      return [await storage.putIfAbsent("a", textBytes("first")), await storage.putIfAbsent("a", textBytes("second")), textOf(await storage.get("a"))];
    },
  },
  {
    title: "bytes come back unchanged: none, one, a part of a larger buffer, 5 MB by chance",
    expected: [true, true, true, true],
    async run({ open }) {
      const storage = open();
      const values = [new Uint8Array(0), Uint8Array.of(255), randomBytes(1_000, SEED).subarray(100, 900), randomBytes(5 * MEGABYTE, SEED)];
      return Promise.all(values.map(async (bytes, index) => {
        await storage.putIfAbsent(`job/parts/${index}`, bytes);
        return isEqual(await storage.get(`job/parts/${index}`), bytes);
      }));
    },
  },
  {
    title: "what was written and what was read belong to their owners",
    expected: "kept",
    async run({ open }) {
      const storage = open();
      const written = textBytes("kept");
      await storage.putIfAbsent("job/parts/a", written);
      written.fill(0);
      (await storage.get("job/parts/a"))?.fill(0);
      return textOf(await storage.get("job/parts/a"));
    },
  },
  {
    title: "names have parts, and all letters, digits and signs that names may have",
    expected: ["a/b/c.d-e_f", "a/b/c.d-e_f", "Z0"],
    async run({ open }) {
      const storage = open();
      for (const name of ["a/b/c.d-e_f", "Z0"]) await storage.putIfAbsent(name, textBytes(name));
      return [...(await storage.list("a/", "")), textOf(await storage.get("a/b/c.d-e_f")), textOf(await storage.get("Z0"))];
    },
  },
  {
    title: "who opens the place again sees everything",
    expected: { names: ["a/1", "a/2"], value: "1", again: false },
    async run({ open }) {
      const first = open();
      for (const value of ["1", "2"]) await first.putIfAbsent(`a/${value}`, textBytes(value));
      first.close();
      const second = open();
      return { names: await second.list("", ""), value: textOf(await second.get("a/1")), again: await second.putIfAbsent("a/1", textBytes("other")) };
    },
  },
];

const READ_CASES: readonly Case<StorageUnderTest>[] = [
  {
    title: "there is nothing of a name that was not written: not of parts of names, nor of longer ones",
    expected: [undefined, undefined, undefined, undefined].map(String),
    async run({ open }) {
      const storage = open();
      const before = await storage.get("a/b");
      await storage.putIfAbsent("a/b", textBytes("b"));
      return [before, await storage.get("a"), await storage.get("a/bc"), await storage.get("other/b")].map(String);
    },
  },
  {
    title: "names come in ascending order, as strings compare, with those written just before",
    expected: ["a", "b-1", "b.1", "b/1", "b/10", "b/2", "b0", "b_1", "c/d/e"],
    async run({ open }) {
      const storage = open();
      for (const name of ["b/2", "b_1", "a", "b-1", "b/10", "c/d/e", "b0", "b.1", "b/1"]) await storage.putIfAbsent(name, textBytes(name));
      return storage.list("", "");
    },
  },
  {
    title: "names begin with the prefix, which may end within a part, and come after the name given",
    expected: [["job/records/1", "job/records/2", "job/records/3"], ["job/records/1", "job/records/2", "job/records/3"], ["job/records/3"], ["job/records/2", "job/records/3"], [], [], ["job-2/records/1"]],
    async run({ open }) {
      const storage = open();
      for (const name of ["job/records/2", "job/parts/1", "job/records/1", "job-2/records/1", "job/records/3"]) await storage.putIfAbsent(name, textBytes(name));
      const asked = [["job/records/", ""], ["job/rec", ""], ["job/records/", "job/records/2"], ["job/rec", "job/records/10"], ["job/records/", "job/records/3"], ["job/records/", "zebra"], ["job-", "a"]] as const;
      return Promise.all(asked.map(([prefix, after]) => storage.list(prefix, after)));
    },
  },
  {
    title: "nothing begins with a prefix that no name has",
    expected: [[], [], []],
    async run({ open }) {
      const storage = open();
      const empty = await storage.list("", "");
      await storage.putIfAbsent("job/records/1", textBytes("1"));
      return [empty, await storage.list("other/records/", ""), await storage.list("job/records/1/", "")];
    },
  },
];

const REMOVE_CASES: readonly Case<StorageUnderTest>[] = [
  {
    title: "what is removed is gone, the rest stays, and names that are not there are passed over",
    expected: { names: ["a/2"], removed: "undefined", kept: "2" },
    async run({ open }) {
      const storage = open();
      for (const value of ["1", "2", "3"]) await storage.putIfAbsent(`a/${value}`, textBytes(value));
      await storage.remove(["a/1", "a/9", "b/1", "a/3", "a/1"]);
      await storage.remove([]);
      return { names: await storage.list("", ""), removed: String(await storage.get("a/1")), kept: textOf(await storage.get("a/2")) };
    },
  },
  {
    title: "a name that was removed can be written again, shorter too",
    expected: [true, "again", ["job/parts/1"]],
    async run({ open }) {
      const storage = open();
      await storage.putIfAbsent("job/parts/1", randomBytes(5 * MEGABYTE, SEED));
      await storage.remove(["job/parts/1"]);
      return [await storage.putIfAbsent("job/parts/1", textBytes("again")), textOf(await storage.get("job/parts/1")), await storage.list("", "")];
    },
  },
  {
    title: "names are written while others are removed beside them",
    expected: range(20).map((index) => `job/${index % 2}/${10 + index}`).sort(),
    async run({ open }) {
      const storage = open();
      const old = range(20).map((index) => `job/${index % 2}/${30 + index}`);
      for (const name of old) await storage.putIfAbsent(name, textBytes(name));
      await Promise.all(range(20).map(async (index) => {
        await storage.remove([old[index]!]);
        await storage.putIfAbsent(`job/${index % 2}/${10 + index}`, textBytes("new"));
      }));
      return storage.list("", "");
    },
  },
];

/** What every storage promises; each implementation runs all of it. */
export const STORAGE_CASES: readonly Case<StorageUnderTest>[] = [...PUT_CASES, ...READ_CASES, ...REMOVE_CASES];

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

export function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function textOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? "undefined" : new TextDecoder().decode(bytes);
}

export function randomBytes(length: number, seed: number): Uint8Array {
  const prng = new Prng(seed);
  const words = Uint32Array.from({ length: Math.ceil(length / 4) }, () => prng.uint32());
  return new Uint8Array(words.buffer, 0, length);
}

export function isEqual(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left !== undefined && left.length === right.length && left.every((byte, index) => byte === right[index]);
}
