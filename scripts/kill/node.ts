import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { RunFolder } from "./run-folder.ts";
import { CHECKPOINT_INTERVAL_MS, type Kill, Moment, ORDERS, ORDERS_PER_SECOND, type RunReport, type Victim } from "./victim.ts";

/** `tamias run` in a process of its own, which SIGKILL ends: nothing in it is told. */
const MAIN = fileURLToPath(new URL("../../dist/node/cli/main.js", import.meta.url));
const JOB = fileURLToPath(new URL("job-in-files.ts", import.meta.url));

export function nodeVictim(): Victim {
  return { run, close: async () => {} };
}

async function run(kills: readonly Kill[]): Promise<RunReport> {
  const folder = new RunFolder();
  const killedAt: number[] = [];
  const problems: string[] = [];
  try {
    for (const kill of [...kills, undefined]) {
      const ended = await runOnce(folder, kill);
      if (ended.isKilled) killedAt.push(folder.results().length);
      else if (ended.code !== 0) problems.push(`it ended with ${ended.code}: ${ended.said}`);
      if (!ended.isKilled || folder.hasEnded()) break;
    }
    return { results: folder.results(), kills: killedAt, problems: [...problems, ...folder.left()] };
  } finally {
    folder.remove();
  }
}

interface Ended {
  readonly isKilled: boolean;
  readonly code: number | null;
  readonly said: string;
}

/** Runs the command to its end, or until the moment has come. */
function runOnce(folder: RunFolder, kill: Kill | undefined): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, "run", ...runArguments(folder.output, folder.checkpoints)], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const moment = kill === undefined ? undefined : new Moment(kill);
  // What is heard of a process that writes checkpoints.
  const unwatch = folder.watch(() => {
    if (moment?.note(folder.results().length) === true) child.kill("SIGKILL");
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      unwatch();
      resolve({ isKilled: signal === "SIGKILL", code, said });
    });
  });
}

/** Of `tamias run`: the job, and where it writes. */
export function runArguments(output: string, checkpoints: string): string[] {
  const job = [JOB, "--output", output, "--orders", String(ORDERS), "--orders-per-second", String(ORDERS_PER_SECOND)];
  return [...job, "--parallelism", "2", "--checkpoints", `file:${checkpoints}`, "--checkpoint-interval", String(CHECKPOINT_INTERVAL_MS)];
}
