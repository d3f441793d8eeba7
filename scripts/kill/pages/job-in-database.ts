import type { StreamExecutionEnvironment } from "tamias";
import { IndexedDbSink } from "tamias/web";
import { totals, type Total } from "../totals.ts";
import { ORDERS, ORDERS_PER_SECOND } from "../victim.ts";

/** The job that is killed, with its results in IndexedDB. */
const DATABASE = "totals";
const STORE = "totals";

export function job(env: StreamExecutionEnvironment): void {
  totals(env, { orders: ORDERS, ordersPerSecond: ORDERS_PER_SECOND }).sinkTo(new IndexedDbSink<Total>({ database: DATABASE, store: STORE }));
}

/** What the sink has made visible. */
export function results(): Promise<readonly Total[]> {
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
