import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TransactionName } from "../../core/connectors/transaction-names.ts";
import { JobError } from "../../core/lib/errors.ts";
import { fileError } from "./file-errors.ts";

/** A file that is written under one name and visible under another: each is one transaction of a writer. */
export interface PartFile {
  /** Absolute. */
  readonly folder: string;
  /** What it is called once it is visible. */
  readonly name: string;
}

/** As readers know hidden files; Flink calls them so too. */
const IN_PROGRESS = /^\.(.+)\.inprogress$/;
const TRANSACTION = /-([0-9a-z]{8})-([0-9a-z]{8})-(\d+)$/;

export function partName(before: string, { line, writer, number }: TransactionName, suffix: string): string {
  return `${before}-${line}-${writer}-${number}${suffix}`;
}

/** Where the part is while it is being written and until it is committed. */
export function inProgressPath({ folder, name }: PartFile): string {
  return join(folder, `.${name}.inprogress`);
}

/** Makes a folder with those that it lies in, so that they stay. @throws JobError SINK_FAILED. */
export function makeFolder(folder: string): void {
  try {
    const made = mkdirSync(folder, { recursive: true });
    if (made !== undefined) syncFolder(dirname(made));
  } catch (cause) {
    throw fileError("SINK_FAILED", "create the folder", folder, cause);
  }
}

/** What has been created or renamed in the folder is on the device when this returns. Windows has no such call. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Makes the part visible, whole, unless it is already; whatever else has its name is left alone. `mustBeThere`: it was written by a writer of this process and has never been
 * visible. Otherwise a part that is gone has been visible, and somebody has taken it away.
 *
 * @throws JobError SINK_FAILED
 */
export function publish(part: PartFile, mustBeThere: boolean): void {
  const from = inProgressPath(part);
  const to = join(part.folder, part.name);
  try {
    if (existsSync(from)) {
      if (existsSync(to)) throw new JobError("SINK_FAILED", `cannot make "${from}" visible: there is another file with the name "${to}"; move it away`);
      renameSync(from, to);
    } else if (mustBeThere && !existsSync(to)) {
      throw new JobError("SINK_FAILED", `"${from}" has been removed before it was visible: its records are lost unless the job goes back to an earlier checkpoint. One job at a time may write what a checkpoint began`);
    }
  } catch (cause) {
    throw fileError("SINK_FAILED", "make visible", to, cause);
  }
}

/** Removes files that were being written as parts with this suffix, where `isAbandoned` says so. */
export function removeAbandoned(folder: string, suffix: string, isAbandoned: (name: TransactionName) => boolean): void {
  try {
    for (const file of readdirSync(folder)) {
      const name = IN_PROGRESS.exec(file)?.[1];
      if (name === undefined || !name.endsWith(suffix)) continue;
      const [, line, writer, number] = TRANSACTION.exec(name.slice(0, name.length - suffix.length)) ?? [];
      if (line === undefined || writer === undefined) continue;
      if (isAbandoned({ line, writer, number: Number(number) })) rmSync(join(folder, file), { force: true });
    }
  } catch (cause) {
    throw fileError("SINK_FAILED", "tidy up", folder, cause);
  }
}
