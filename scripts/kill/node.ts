import { spawn } from "node:child_process";
import { existsSync, type FSWatcher, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, watch } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { decodeRecord, type StoredRecord } from "../../core/checkpoint/record.ts";
import { CHECKPOINT_INTERVAL_MS, type Kill, Moment, ORDERS, ORDERS_PER_SECOND, type RunReport, type Victim } from "./victim.ts";

/** `tamias run` in a process of its own, which SIGKILL ends: nothing in it is told. */
const MAIN = fileURLToPath(new URL("../../dist/node/cli/main.js", import.meta.url));
const JOB = fileURLToPath(new URL("job-in-files.ts", import.meta.url));

export function nodeVictim(): Victim {
  return { run: runInFolder, close: async () => {} };
}

async function runInFolder(kills: readonly Kill[]): Promise<RunReport> {
  const folder = mkdtempSync(join(tmpdir(), "tamias-kill-"));
  try {
    return await run(folder, kills);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function run(folder: string, kills: readonly Kill[]): Promise<RunReport> {
  const [output, checkpoints] = ["output", "checkpoints"].map((name) => join(folder, name)) as [string, string];
  for (const path of [output, checkpoints]) mkdirSync(path);
  const killedAt: number[] = [];
  const problems: string[] = [];
  for (const kill of [...kills, undefined]) {
    const ended = await runOnce(output, checkpoints, kill);
    if (ended.isKilled) killedAt.push(resultsIn(output).length);
    else if (ended.code !== 0) problems.push(`it ended with ${ended.code}: ${ended.said}`);
    // Killed between the end of its job and its own, it would begin anew.
    if (!ended.isKilled || newestRecord(checkpoints)?.kind === "end") break;
  }
  problems.push(...leftIn(output, checkpoints));
  return { results: resultsIn(output), kills: killedAt, problems };
}

interface Ended {
  readonly isKilled: boolean;
  readonly code: number | null;
  readonly said: string;
}

/** Runs the command to its end, or until the moment has come. */
function runOnce(output: string, checkpoints: string, kill: Kill | undefined): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, "run", ...runArguments(output, checkpoints)], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const watchers = kill === undefined ? [] : killedAt(new Moment(kill), [output, checkpoints], () => child.kill("SIGKILL"));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      for (const watcher of watchers) watcher.close();
      resolve({ isKilled: signal === "SIGKILL", code, said });
    });
  });
}

/** Of `tamias run`: the job, and where it writes. */
export function runArguments(output: string, checkpoints: string): string[] {
  const job = [JOB, "--output", output, "--orders", String(ORDERS), "--orders-per-second", String(ORDERS_PER_SECOND)];
  return [...job, "--parallelism", "2", "--checkpoints", `file:${checkpoints}`, "--checkpoint-interval", String(CHECKPOINT_INTERVAL_MS)];
}

/** Files that come and go, and grow, are what is heard of a process that writes checkpoints. */
function killedAt(moment: Moment, [output, checkpoints]: readonly [string, string], end: () => void): FSWatcher[] {
  const note = (): void => {
    if (moment.note(resultsIn(output).length)) end();
  };
  return [watch(output, note), watch(checkpoints, { recursive: true }, note)];
}

/** Of the files that whoever looks into the folder takes for whole. */
export function resultsIn(output: string): string[] {
  const names = readdirSync(output).filter((name) => !name.startsWith("."));
  return names.flatMap((name) => readFileSync(join(output, name), "utf8").split("\n").filter((line) => line !== ""));
}

/** The truth about the only job in a storage of files; undefined: there is none, or it is being replaced. */
export function newestRecord(checkpoints: string): StoredRecord | undefined {
  const last = filesIn(checkpoints).filter((path) => path.includes("/records/") && !path.includes("/.")).sort().at(-1);
  return last === undefined || !existsSync(last) ? undefined : decodeRecord(readFileSync(last));
}

/** A job that has finished leaves its results and a record that it has, and nothing that was under way but values cut in two, which the storage removes after an hour. */
function leftIn(output: string, checkpoints: string): string[] {
  const left = [...filesIn(output).filter((path) => path.includes("/.")), ...filesIn(checkpoints).filter((path) => path.includes("/parts/") && !path.includes("/.unfinished-"))];
  return left.length === 0 ? [] : [`${left.length} files are left behind, such as ${left[0]}`];
}

export function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
