import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";
import { openFileStorage } from "../../node/file-storage.ts";
import { STORAGE_CASES, isEqual, textBytes } from "../host/storage.case.ts";

let folder: string;
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "tamias-storage-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const filesIn = (path: string): string[] => readdirSync(path, { recursive: true, encoding: "utf8" }).sort();

describe("a storage in files", () => {
  test.each(STORAGE_CASES)("$title", async ({ run, expected }) => {
    expect(await run({ open: () => openFileStorage(`file:${folder}/new/place`) })).toEqual(expected);
  });

  test("has one file for each value, by its name, and nothing else", async () => {
    const storage = openFileStorage(`file:${folder}`);
    await storage.putIfAbsent("job/records/1", textBytes("record"));
    await storage.putIfAbsent("job/records/1", textBytes("other"));
    expect(filesIn(folder)).toEqual(["job", "job/records", "job/records/1"]);
    expect(readFileSync(join(folder, "job/records/1"), "utf8")).toBe("record");
    await storage.remove(["job/records/1"]);
    expect(filesIn(folder)).toEqual([]);
  });

  test("is at a path that is relative or whole, as it is written", async () => {
    const [plain, url] = [join(folder, "50% ~"), join(folder, "50%25 ~")];
    for (const address of [`file:${relative(process.cwd(), plain)}`, `file:${plain}`, `file://${url}`]) {
      const storage = openFileStorage(address);
      expect(storage.description).toBe(address);
      await storage.putIfAbsent("a", textBytes(address));
      expect(readFileSync(join(plain, "a"), "utf8")).toBe(address);
      await storage.remove(["a"]);
    }
  });

  test("refuses addresses without a path, and names that are no paths below its folder", async () => {
    for (const url of ["file:", "file://", "file://host/path", "./path"]) expect(() => openFileStorage(url)).toThrow(/INVALID_ARGUMENT.*file:PATH/);
    const storage = openFileStorage(`file:${folder}`);
    for (const name of ["", "../a", "a/../b", "/a", "a//b", ".a"]) await expect(storage.putIfAbsent(name, textBytes("a"))).rejects.toThrow(/INVALID_ARGUMENT.*is no name/);
  });

  test("says what is in its way", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "");
    const onFile = openFileStorage(`file:${file}`);
    await expect(onFile.list("", "")).rejects.toThrow(/STORAGE_FAILED.*this is a file; a storage needs a folder/);
    await expect(onFile.putIfAbsent("a", textBytes("a"))).rejects.toThrow(/STORAGE_FAILED.*there is a file where a folder has to be/);
    await expect(onFile.putIfAbsent("a/b", textBytes("a"))).rejects.toThrow(/STORAGE_FAILED.*a part of the path is a file/);
    const storage = openFileStorage(`file:${folder}`);
    await storage.putIfAbsent("a/b", textBytes("b"));
    await expect(storage.putIfAbsent("a", textBytes("a"))).rejects.toThrow(/STORAGE_FAILED.*no name of a value can be the beginning of another's/);
    expect(await storage.list("a", "")).toEqual(["a/b"]);
  });
});

describe("a storage in files whose writers are killed", () => {
  const KILLS = 20;
  const LENGTH = 4_000_000;
  const SEED = 20_261_122;

  test(`has whole what was written, and nothing in halves, after ${KILLS} kills (seed ${SEED})`, { timeout: 300_000 }, async () => {
    const url = `file:${folder}`;
    const prng = new Prng(SEED);
    let killedWhileWriting = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      const written = await writtenUntilKilled(url, `job/${kill}`, prng.int(6), prng.int(LENGTH));
      const storage = openFileStorage(url);
      const names = await storage.list("", "");
      expect(names).toEqual(expect.arrayContaining(written));
      for (const name of names) expect(isEqual(await storage.get(name), new Uint8Array(LENGTH).fill(Number(name.split("/")[2]))), name).toBe(true);
      killedWhileWriting += filesIn(folder).some((name) => name.includes(".unfinished-")) ? 1 : 0;
      rmSync(join(folder, "job"), { recursive: true });
    }
    expect(killedWhileWriting).toBeGreaterThan(0);
  });

  test("does not show what they left, and removes it when nobody can be writing it any more", async () => {
    mkdirSync(join(folder, "job"));
    const [old, fresh] = [join(folder, "job/.unfinished-old"), join(folder, "job/.unfinished-fresh")];
    for (const path of [old, fresh]) writeFileSync(path, "half");
    const twoHoursAgo = Date.now() / 1_000 - 7_200;
    utimesSync(old, twoHoursAgo, twoHoursAgo);
    expect(await openFileStorage(`file:${folder}`).list("", "")).toEqual([]);
    expect(filesIn(folder)).toEqual(["job", "job/.unfinished-fresh"]);
  });

  /** Starts a writer, and kills it when it has written a few values and of the next one a part; returns what it says is written. */
  async function writtenUntilKilled(url: string, names: string, count: number, part: number): Promise<string[]> {
    const program = fileURLToPath(new URL("programs/storage-writer.ts", import.meta.url));
    const child = spawn(process.execPath, [program, url, names, String(LENGTH)], { stdio: ["ignore", "pipe", "inherit"] });
    const lines: string[] = [];
    const closed = once(child, "close");
    const killInMidWrite = (): void => {
      if (part <= unfinishedBytes(join(folder, names)) || count + 1 < lines.length) child.kill("SIGKILL");
      else setImmediate(killInMidWrite);
    };
    createInterface(child.stdout).on("line", (line) => {
      if (lines.push(line) === count + 1) killInMidWrite();
    });
    await closed;
    expect(child.signalCode).toBe("SIGKILL");
    return lines;
  }

  function unfinishedBytes(path: string): number {
    const name = filesIn(path).find((file) => file.startsWith(".unfinished-"));
    return name === undefined ? -1 : (statSync(join(path, name), { throwIfNoEntry: false })?.size ?? -1);
  }
});
