import { StreamExecutionEnvironment } from "tamias";
import { WEB_STORAGES } from "tamias/web";
import { decodeRecord } from "../../../core/checkpoint/record.ts";
import type { AsyncStorage } from "../../../core/host/storage.ts";
import { CHECKPOINT_INTERVAL_MS } from "../victim.ts";
import { job, results } from "./job-in-database.ts";

/** A page that does its job whenever it is opened, and goes on where it was when it was closed or killed. It tells the server how far it is whenever something of a checkpoint is written. */
const CHECKPOINTS = "idb:checkpoints";

async function main(): Promise<void> {
  const storage = WEB_STORAGES["idb"]!(CHECKPOINTS);
  if (!(await hasEnded(storage))) {
    let committed = (await results()).length;
    StreamExecutionEnvironment.setStorages({
      idb: () => telling(storage, () => {
        tell(`note/${committed}`, "");
        void results().then((all) => (committed = all.length));
      }),
    });
    const env = StreamExecutionEnvironment.getExecutionEnvironment({
      parallelism: 2,
      "execution.checkpointing.interval": CHECKPOINT_INTERVAL_MS,
      "execution.checkpointing.dir": CHECKPOINTS,
    });
    job(env);
    await env.execute("totals");
  }
  tell("results", JSON.stringify(await results()));
}

/** Killed behind the end of the job, the page would do it again. */
async function hasEnded(storage: AsyncStorage): Promise<boolean> {
  const last = (await storage.list("totals/records/", "")).at(-1);
  const bytes = last === undefined ? undefined : await storage.get(last);
  return bytes !== undefined && decodeRecord(bytes).kind === "end";
}

/** Tells when a value begins to be written, and when it has been. */
function telling(storage: AsyncStorage, note: () => void): AsyncStorage {
  return {
    description: storage.description,
    putIfAbsent: async (name, bytes) => {
      note();
      const isWritten = await storage.putIfAbsent(name, bytes);
      note();
      return isWritten;
    },
    get: (name) => storage.get(name),
    list: (prefix, after) => storage.list(prefix, after),
    remove: (names) => storage.remove(names),
    close: () => storage.close(),
  };
}

function tell(path: string, body: string): void {
  void fetch(`/${path}`, { method: "POST", body });
}

main().catch((cause: unknown) => tell("failed", String(cause)));
