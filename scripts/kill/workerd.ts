import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type EdgeServer, newFolder, serveConfig } from "../workerd.ts";
import { type Kill, Moment, type RunReport, type Victim } from "./victim.ts";

/** Durable Objects in workerd, which SIGKILL ends with all of them. Served again, they have what was on disk, and their job goes on by itself. */
const CLASSES: Readonly<Record<string, string>> = { JOB_MANAGER: "JobManagerObject", TASKS: "TaskObject", STORAGE: "StorageObject", RESULTS: "ResultsObject" };

/** From one answer to the next about as much happens as elsewhere makes so many notes. */
const NOTES_PER_ANSWER = 4;

export function workerdVictim(): Victim {
  return { run, close: async () => {} };
}

async function run(kills: readonly Kill[]): Promise<RunReport> {
  const folder = newFolder("kill");
  const killedAt: number[] = [];
  let path: string | undefined;
  try {
    for (const kill of [...kills, undefined]) {
      const server = await serve(folder);
      try {
        path ??= await submit(server.origin);
        const heard = await follow(server.origin, path, kill);
        if (typeof heard === "object") return { results: await resultsOf(server.origin), kills: killedAt, problems: heard.status === "FINISHED" ? [] : [JSON.stringify(heard)] };
        killedAt.push(heard);
      } finally {
        server.close();
      }
    }
    throw new Error("the last run has no kill");
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

function serve(folder: string): Promise<EdgeServer> {
  const config = {
    name: "kill",
    main: fileURLToPath(new URL("edge/worker.ts", import.meta.url)),
    compatibility_date: "2026-11-01",
    durable_objects: { bindings: Object.entries(CLASSES).map(([name, className]) => ({ name, class_name: className })) },
    migrations: [{ tag: "v1", new_sqlite_classes: Object.values(CLASSES) }],
  };
  return serveConfig(config, { vars: { TAMIAS_MODE: "dev" }, folder });
}

async function submit(origin: string): Promise<string> {
  const response = await fetch(`${origin}/jobs`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ module: "totals", args: {} }) });
  if (response.status !== 201) throw new Error(await response.text());
  return response.headers.get("location")!;
}

interface JobReport {
  readonly status: string;
  readonly error?: unknown;
}

/** What became of the job; or the moment of the kill has come, with so many results. Each answer is something that is heard of it. */
async function follow(origin: string, path: string, kill: Kill | undefined): Promise<JobReport | number> {
  const moment = kill === undefined ? undefined : new Moment({ ...kill, notes: Math.floor(kill.notes / NOTES_PER_ANSWER) });
  for (;;) {
    const committed = (await resultsOf(origin)).length;
    if (moment?.note(committed) === true) return committed;
    const report = (await (await fetch(origin + path)).json()) as JobReport;
    if (report.status !== "CREATED" && report.status !== "RUNNING") return report;
  }
}

async function resultsOf(origin: string): Promise<readonly string[]> {
  return (await (await fetch(`${origin}/results`)).json()) as readonly string[];
}
