import { closeSync, existsSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, rmSync, truncateSync, writeSync } from "node:fs";
import { dirname, parse, join } from "node:path";
import { JobError } from "../../core/lib/errors.ts";
import { fileError } from "./file-errors.ts";

/** Lines wait in memory until there are so many characters of them. */
const BUFFERED_CHARACTERS_MAX = 64 * 1024;

/**
 * A file that never ends in half a line: lines are written whole, and what a failed write left of one is cut off again. Writing
 * is synchronous, so that a snapshot and a close find everything in the file.
 */
export class LineFile {
  readonly path: string;
  #descriptor: number | undefined;
  /** Pipes and devices have no positions and cannot be cut. */
  readonly #isRegular: boolean;
  /** Bytes in the file, whole lines all. */
  #position: number;
  #pending = "";
  #isBroken = false;

  private constructor(path: string, descriptor: number, position: number) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#isRegular = fstatSync(descriptor).isFile();
    this.#position = position;
  }

  /** Creates the file; what was in it is gone. @throws JobError SINK_FAILED. */
  static create(path: string): LineFile {
    try {
      return new LineFile(path, openSync(path, "w"), 0);
    } catch (cause) {
      throw cannotOpen(path, cause);
    }
  }

  /** Creates a file that must not be there. @throws JobError SINK_FAILED. */
  static createNew(path: string): LineFile {
    try {
      return new LineFile(path, openSync(path, "wx"), 0);
    } catch (cause) {
      throw cannotOpen(path, cause);
    }
  }

  /**
   * Goes on behind the first `position` bytes: what was written after the snapshot is cut off, because it comes again.
   * @throws JobError SINK_FAILED, and RESTORE_MISMATCH where the file is shorter.
   */
  static resume(path: string, position: number): LineFile {
    cutBack(path, position);
    try {
      return new LineFile(path, openSync(path, "a"), position);
    } catch (cause) {
      throw cannotOpen(path, cause);
    }
  }

  /** Bytes that `flush` has put into the file. */
  get position(): number {
    return this.#position;
  }

  /** Bytes that the file has when all is in it; what is pending counts by characters. */
  get size(): number {
    return this.#position + this.#pending.length;
  }

  append(line: string): void {
    this.#pending += `${line}\n`;
    if (BUFFERED_CHARACTERS_MAX <= this.#pending.length) this.write();
  }

  /** Hands what is pending to the operating system. */
  write(): void {
    if (this.#pending === "" || this.#descriptor === undefined || this.#isBroken) return;
    const bytes = Buffer.from(this.#pending);
    try {
      let written = 0;
      while (written < bytes.length) written += writeSync(this.#descriptor, bytes, written);
    } catch (cause) {
      this.#isBroken = true;
      this.#cutOffRest();
      throw fileError("SINK_FAILED", "write to", this.path, cause);
    }
    this.#position += bytes.length;
    this.#pending = "";
  }

  /** Everything is on the device when this returns. */
  flush(): void {
    this.write();
    if (!this.#isRegular || this.#descriptor === undefined) return;
    try {
      fdatasyncSync(this.#descriptor);
    } catch (cause) {
      throw fileError("SINK_FAILED", "write to", this.path, cause);
    }
  }

  /** Writes what is pending and closes; after a failed write it only closes. */
  close(): void {
    const descriptor = this.#descriptor;
    if (descriptor === undefined) return;
    try {
      this.write();
    } finally {
      this.#descriptor = undefined;
      closeSync(descriptor);
    }
  }

  /** Closes the file without what is pending, and removes it. */
  discard(): void {
    this.#pending = "";
    this.close();
    rmSync(this.path, { force: true });
  }

  /** A write may have failed behind a part of its bytes. */
  #cutOffRest(): void {
    if (!this.#isRegular) return;
    try {
      ftruncateSync(this.#descriptor!, this.#position);
    } catch {
      // The error of the write itself says what is wrong with the file.
    }
  }
}

/** Cuts a file to its first `position` bytes. @throws JobError RESTORE_MISMATCH where there are fewer. */
export function cutBack(path: string, position: number): void {
  try {
    const descriptor = openSync(path, "r");
    const stats = fstatSync(descriptor);
    closeSync(descriptor);
    if (!stats.isFile()) return;
    if (position <= stats.size) return truncateSync(path, position);
    throw new JobError(
      "RESTORE_MISMATCH",
      `the file "${path}" has ${stats.size} bytes, but ${position} had been written when the snapshot was taken; ` +
        "restore with the same file",
    );
  } catch (cause) {
    throw fileError("SINK_FAILED", "go on writing to", path, cause);
  }
}

/** The file of one subtask: the path itself where there is only one, else `name-N.ext`, counted from 1. */
export function partPath(path: string, subtaskIndex: number, parallelism: number): string {
  if (parallelism === 1) return path;
  const { dir, name, ext } = parse(path);
  return join(dir, `${name}-${subtaskIndex + 1}${ext}`);
}

function cannotOpen(path: string, cause: unknown): JobError {
  const folder = dirname(path);
  if ((cause as NodeJS.ErrnoException).code === "ENOENT" && !existsSync(folder)) {
    return new JobError("SINK_FAILED", `cannot create "${path}": the folder "${folder}" does not exist; create it first`, {
      cause,
    });
  }
  return fileError("SINK_FAILED", "create", path, cause);
}
