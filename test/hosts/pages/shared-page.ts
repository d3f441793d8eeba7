import { appendToLog, shareJob, type SharedJob } from "tamias/web";
import { LOG, type Sum, SUMS } from "./shared-sums.ts";

/** A tab that takes part in a shared job, and what tests ask it for. */
interface SharedTab {
  readonly job: SharedJob;
  /** How many results it has been shown. */
  seen: number;
  reports: number;
  /** "finished", or why not, once it is known here. */
  outcome: string | undefined;
  /** Appends the numbers from `from` on, each by itself. */
  append(from: number, count: number): Promise<void>;
  /** How many rows the sink has made visible. */
  count(): Promise<number>;
  rows(): Promise<readonly Sum[]>;
}

function main(search: URLSearchParams): SharedTab {
  const job = shareJob("sums", {
    start: (cluster) =>
      cluster.submit("/jobs/shared-sums.ts", {}, { jobName: "sums", configuration: { "execution.checkpointing.dir": "idb:checkpoints", "execution.checkpointing.interval": 100 } }),
    // A machine that does much besides must not pass for one that does not answer.
    cluster: { workers: 2, heartbeatTimeoutMs: 60_000 },
    leaderTimeoutMs: Number(search.get("leaderTimeoutMs")),
    results: { [SUMS]: (batch: readonly Sum[]) => (tab.seen += batch.length) },
    onReport: () => (tab.reports += 1),
  });
  const tab: SharedTab = { job, seen: 0, reports: 0, outcome: undefined, append, count, rows };
  job.result().then(
    () => (tab.outcome = "finished"),
    (error: unknown) => (tab.outcome = String(error)),
  );
  return tab;
}

async function append(from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n += 1) await appendToLog(LOG, [n]);
}

function count(): Promise<number> {
  return read((store) => store.count(), 0);
}

function rows(): Promise<readonly Sum[]> {
  return read<Sum[]>((store) => store.getAll() as IDBRequest<Sum[]>, []);
}

async function read<T>(ask: (store: IDBObjectStore) => IDBRequest<T>, none: T): Promise<T> {
  const found = await indexedDB.databases();
  if (!found.some(({ name }) => name === SUMS)) return none;
  const database = await ended(indexedDB.open(SUMS));
  const value = database.objectStoreNames.contains(SUMS) ? await ended(ask(database.transaction(SUMS).objectStore(SUMS))) : none;
  database.close();
  return value;
}

function ended<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("a request failed"));
  });
}

Object.assign(globalThis, { tab: main(new URLSearchParams(location.search)) });
