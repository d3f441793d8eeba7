import { randomUUID } from "node:crypto";
import { type FileHandle, link, mkdir, open, readFile, readdir, rmdir, stat, unlink } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { JobError } from "../core/lib/errors.ts";
import type { AsyncStorage } from "../core/host/storage.ts";
import { fileError } from "./files/file-errors.ts";

/** What a file is called until it has its name. Names of values have no part that begins with a dot. */
const UNFINISHED = ".unfinished-";
/** A file that nobody has written to for so long is of a process that died: one that wakes up after all finds it gone, and its write fails. */
const ABANDONED_MS = 3_600_000;
/** How file systems say that they cannot link. */
const NO_LINKS: ReadonlySet<string | undefined> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);
/** Folders are removed when they are empty, between the call that makes one and the call that uses it too. */
const FOLDER_ATTEMPTS_MAX = 20;

/**
 * Files below a folder, whose paths are the names: `file:./checkpoints`, `file:/var/checkpoints`, `file:///var/checkpoints`. A value is written beside its place, brought to disk, and linked there, which
 * fails where there is one: so of all processes one decides, and what is there is whole, also after a loss of power.
 */
export function openFileStorage(url: string): AsyncStorage {
  const root = folderOf(url);
  return {
    description: url,
    putIfAbsent: async (name, bytes) => orFileError("write", pathOf(root, name), (path) => putFile(root, path, bytes)),
    get: async (name) => orFileError("read", pathOf(root, name), getFile),
    list: async (prefix, after) => orFileError("list", root, () => listFiles(root, prefix, after)),
    remove: async (names) => orFileError("remove files from", root, () => removeFiles(root, names)),
    close() {},
  };
}

function folderOf(url: string): string {
  const path = url.startsWith("file:///") ? fileURLToPath(url) : url.replace(/^file:(?!\/\/)/, "");
  if (path === "" || path === url) throw new JobError("INVALID_ARGUMENT", `the address of a storage in files is file:PATH, such as file:./checkpoints or file:///var/checkpoints, not ${url}`);
  return resolve(path);
}

function pathOf(root: string, name: string): string {
  const isInside = name.split("/").every((part) => part !== "" && !part.startsWith("."));
  if (!isInside) throw new JobError("INVALID_ARGUMENT", `"${name}" is no name for a file below ${root}: no part of it may be empty or begin with a dot`);
  return join(root, name);
}

async function orFileError<T>(doing: string, path: string, run: (path: string) => Promise<T>): Promise<T> {
  try {
    return await run(path);
  } catch (cause) {
    throw fileError("STORAGE_FAILED", doing, path, cause);
  }
}

async function putFile(root: string, path: string, bytes: Uint8Array): Promise<boolean> {
  if (await isThere(path)) return false;
  const unfinished = join(dirname(path), `${UNFINISHED}${randomUUID()}`);
  const top = await writeUnfinished(root, unfinished, bytes);
  try {
    await link(unfinished, path);
  } catch (cause) {
    if (codeOf(cause) === "EEXIST") return await notWritten(path);
    throw NO_LINKS.has(codeOf(cause)) ? new Error(`its file system has no hard links, which decide between writers; put the storage on another one (${codeOf(cause)})`, { cause }) : cause;
  } finally {
    await unlink(unfinished).catch(passOver("ENOENT"));
  }
  await syncFolders(dirname(path), top);
  return true;
}

/** What is there is a value. */
async function notWritten(path: string): Promise<false> {
  if ((await stat(path).catch(passOver("ENOENT")))?.isDirectory() !== true) return false;
  throw new Error("there is a folder of this name: no name of a value can be the beginning of another's");
}

/** Makes the folder too, and says which is the topmost that has something new in it, at least the root. */
async function writeUnfinished(root: string, path: string, bytes: Uint8Array): Promise<string> {
  let top = root;
  for (let attempt = 1; ; attempt += 1) {
    const made = await mkdir(dirname(path), { recursive: true }).catch(retriedWhere("ENOENT", attempt));
    if (made !== undefined && dirname(made).length < top.length) top = dirname(made);
    const file = await open(path, "wx").catch(retriedWhere("ENOENT", attempt));
    if (file === undefined) continue;
    await writeAndSync(file, bytes).catch(async (cause: unknown) => {
      await unlink(path).catch(passOver("ENOENT"));
      throw cause;
    });
    return top;
  }
}

async function writeAndSync(file: FileHandle, bytes: Uint8Array): Promise<void> {
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Brings to disk what this folder and those above it hold, up to `top`. All of them, for another process may have made one just now and not be as far. */
async function syncFolders(folder: string, top: string): Promise<void> {
  for (let path = folder; ; path = dirname(path)) {
    const handle = await open(path, "r");
    await handle.sync().finally(() => handle.close());
    if (path.length <= top.length) return;
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(passOver("ENOENT", "ENOTDIR")))?.isFile() ?? false;
}

async function getFile(path: string): Promise<Uint8Array | undefined> {
  const bytes = await readFile(path).catch(passOver("ENOENT", "ENOTDIR", "EISDIR"));
  return bytes === undefined ? undefined : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

async function listFiles(root: string, prefix: string, after: string): Promise<readonly string[]> {
  // A file in the place of the whole storage is a mistake, and not a storage without names.
  if ((await stat(root).catch(passOver("ENOENT")))?.isDirectory() === false) throw new Error("this is a file; a storage needs a folder");
  const names: string[] = [];
  // The prefix may end within a part: its whole parts are the folder to begin in.
  const folders = [prefix.slice(0, prefix.lastIndexOf("/") + 1)];
  for (const folder of folders) {
    const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(passOver("ENOENT", "ENOTDIR"));
    for (const entry of entries ?? []) {
      const name = `${folder}${entry.name}`;
      if (entry.name.startsWith(UNFINISHED)) await removeAbandoned(join(root, name));
      if (entry.name.startsWith(".") || !name.startsWith(prefix)) continue;
      if (entry.isDirectory()) folders.push(`${name}/`);
      else if (after < name) names.push(name);
    }
  }
  return names.sort();
}

async function removeAbandoned(path: string): Promise<void> {
  const found = await stat(path).catch(passOver("ENOENT"));
  if (found !== undefined && found.mtimeMs < Date.now() - ABANDONED_MS) await unlink(path).catch(passOver("ENOENT"));
}

async function removeFiles(root: string, names: readonly string[]): Promise<void> {
  const folders = new Set<string>();
  for (const name of names) {
    const path = pathOf(root, name);
    await unlink(path).catch(passOver("ENOENT", "ENOTDIR"));
    folders.add(dirname(path));
  }
  for (const folder of folders) await removeEmpty(folder, root);
}

/** Removes the folder, and those above it that have nothing else, below the root. */
async function removeEmpty(folder: string, root: string): Promise<void> {
  for (let path = folder; join(root).length < path.length; path = dirname(path)) {
    const isGone = await rmdir(path).then(() => true, (cause: unknown) => codeOf(cause) === "ENOENT");
    if (!isGone) return;
  }
}

function codeOf(cause: unknown): string | undefined {
  return (cause as NodeJS.ErrnoException).code;
}

/** Answers these failures with nothing. */
function passOver(...codes: readonly string[]): (cause: unknown) => undefined {
  return (cause) => {
    if (!codes.includes(codeOf(cause) ?? "")) throw cause;
    return undefined;
  };
}

function retriedWhere(code: string, attempt: number): (cause: unknown) => undefined {
  return attempt < FOLDER_ATTEMPTS_MAX ? passOver(code) : passOver();
}
