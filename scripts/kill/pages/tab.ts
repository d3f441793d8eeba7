import { StreamExecutionEnvironment } from "tamias";
import { IndexedDbSink, WEB_STORAGES } from "tamias/web";
import { decodeRecord } from "../../../core/checkpoint/record.ts";
import type { AsyncStorage } from "../../../core/host/storage.ts";
import { totals, type Total } from "../totals.ts";
import { CHECKPOINT_INTERVAL_MS, ORDERS, ORDERS_PER_SECOND } from "../victim.ts";

/** A page that does its job whenever it is opened, and goes on where it was when it was closed or killed. It tells the server how far it is whenever something of a checkpoint is written. */
const DATABASE = "totals";
const STORE = "totals";
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
    totals(env, { orders: ORDERS, ordersPerSecond: ORDERS_PER_SECOND }).sinkTo(new IndexedDbSink<Total>({ database: DATABASE, store: STORE }));
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

/** What the sink has made visible. */
function results(): Promise<readonly Total[]> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(DATABASE);
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const database = opening.result;
      const done = (all: readonly Total[]): void => {
        database.close();
        resolve(all);
      };
      if (!database.objectStoreNames.contains(STORE)) return done([]);
      const asking = database.transaction(STORE).objectStore(STORE).getAll();
      asking.onerror = () => reject(asking.error);
      asking.onsuccess = () => done(asking.result as readonly Total[]);
    };
  });
}

function tell(path: string, body: string): void {
  void fetch(`/${path}`, { method: "POST", body });
}

main().catch((cause: unknown) => tell("failed", String(cause)));
