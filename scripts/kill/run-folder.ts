import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeRecord, type StoredRecord } from "../../core/checkpoint/record.ts";

/** Where one run keeps its results and its checkpoints, looked at from outside. */
export class RunFolder {
  readonly #path = mkdtempSync(join(tmpdir(), "tamias-kill-"));
  readonly output = join(this.#path, "output");
  readonly checkpoints = join(this.#path, "checkpoints");

  constructor() {
    for (const path of [this.output, this.checkpoints]) mkdirSync(path);
  }

  /** Of the files that whoever looks into the folder takes for whole. */
  results(): string[] {
    return resultsIn(this.output);
  }

  /** Whether the job has ended: started again, it would begin anew. */
  hasEnded(): boolean {
    return newestRecord(this.checkpoints)?.kind === "end";
  }

  /** A job that has finished leaves its results and a record that it has, and nothing that was under way but values cut in two, which the storage removes after an hour. */
  left(): string[] {
    const left = [
      ...filesIn(this.output).filter((path) => path.includes("/.")),
      ...filesIn(this.checkpoints).filter((path) => path.includes("/parts/") && !path.includes("/.unfinished-")),
    ];
    return left.length === 0 ? [] : [`${left.length} files are left behind, such as ${left[0]}`];
  }

  /** Calls back whenever files come, grow or go, until the function that it returns is called. */
  watch(onChange: () => void): () => void {
    const watchers = [watch(this.output, onChange), watch(this.checkpoints, { recursive: true }, onChange)];
    return () => {
      for (const watcher of watchers) watcher.close();
    };
  }

  remove(): void {
    rmSync(this.#path, { recursive: true, force: true, maxRetries: 10 });
  }
}

export function resultsIn(output: string): string[] {
  const names = readdirSync(output).filter((name) => !name.startsWith("."));
  return names.flatMap((name) => readFileSync(join(output, name), "utf8").split("\n").filter((line) => line !== ""));
}

/** The truth about the only job in a storage of files; undefined: there is none, or it is being replaced. */
export function newestRecord(checkpoints: string): StoredRecord | undefined {
  const last = filesIn(checkpoints).filter((path) => path.includes("/records/") && !path.includes("/.")).sort().at(-1);
  return last === undefined || !existsSync(last) ? undefined : decodeRecord(readFileSync(last));
}

export function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
