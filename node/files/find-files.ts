import { glob, readdir, stat } from "node:fs/promises";
import { join, sep } from "node:path";
import { JobError } from "../../core/lib/errors.ts";
import { fileError } from "./file-errors.ts";

/**
 * The files that paths name: a file is itself, a folder all files in it and below (names that start with `.` or `_` are hidden,
 * as in Flink), anything else a pattern (`*`, `**`, `?`, `[…]`, `{…}`). Each path's files come in order of their names by UTF-16
 * code unit, and no file comes twice.
 *
 * @throws JobError INVALID_ARGUMENT where a path names no file; SOURCE_FAILED where the file system fails.
 */
export async function findFiles(paths: readonly string[]): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const path of paths) for (const file of await filesOf(path)) files.add(file);
  return [...files];
}

async function filesOf(path: string): Promise<readonly string[]> {
  const found = await kindOf(path);
  if (found === "file") return [path];
  try {
    return found === "folder" ? await filesIn(path) : await matching(path);
  } catch (cause) {
    throw fileError("SOURCE_FAILED", "list", path, cause);
  }
}

async function kindOf(path: string): Promise<"file" | "folder" | "nothing"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return "nothing";
    throw fileError("SOURCE_FAILED", "read", path, cause);
  }
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.slice(folder.length).split(sep).some(isHidden));
  if (0 < files.length) return files.sort();
  throw new JobError("INVALID_ARGUMENT", `the folder "${folder}" holds no files; a file source needs one at least`);
}

async function matching(pattern: string): Promise<readonly string[]> {
  if (!/[*?[{]/.test(pattern)) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `there is no file "${pattern}" (looked from ${process.cwd()}); ` +
        'give the path of a file, of a folder, or a pattern such as "logs/*.log"',
    );
  }
  const files: string[] = [];
  for await (const entry of glob(pattern, { withFileTypes: true })) {
    if (!entry.isDirectory()) files.push(join(entry.parentPath, entry.name));
  }
  if (0 < files.length) return files.sort();
  throw new JobError("INVALID_ARGUMENT", `no file matches the pattern "${pattern}" (looked from ${process.cwd()})`);
}

function isHidden(name: string): boolean {
  return name.startsWith(".") || name.startsWith("_");
}
