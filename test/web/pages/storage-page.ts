import { openIndexedDbStorage } from "../../../web/indexed-db-storage.ts";
import { STORAGE_CASES, randomBytes } from "../../host/storage.case.ts";
import { INDEXED_DB_CASES, type IndexedDbUnderTest } from "../indexed-db.case.ts";

/** What each case gave, or why it gave nothing, by its title. */
async function main(): Promise<Readonly<Record<string, unknown>>> {
  const outcomes: Record<string, unknown> = {};
  for (const { title, run } of [...STORAGE_CASES, ...INDEXED_DB_CASES]) {
    try {
      outcomes[title] = await run(storageIn(title));
    } catch (error) {
      outcomes[title] = String(error);
    }
  }
  return outcomes;
}

function storageIn(name: string): IndexedDbUnderTest {
  return {
    openAt: openIndexedDbStorage,
    open: () => openIndexedDbStorage(`idb:${name}`),
    remove: async () => void (await ended(indexedDB.deleteDatabase(name))),
    makeForeign: async (version) => (await ended(indexedDB.open(name, version))).close(),
    async records() {
      const database = await ended(indexedDB.open(name));
      const store = database.transaction("values").objectStore("values");
      const [keys, values] = await Promise.all([ended(store.getAllKeys()), ended(store.getAll() as IDBRequest<ArrayBuffer[]>)]);
      database.close();
      return keys.map((key, index) => [key, values[index]!.byteLength]);
    },
  };
}

function ended<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("a request failed"));
    if (request instanceof IDBOpenDBRequest) request.onblocked = () => reject(new Error("another connection is in the way"));
  });
}

/** What a storage says where there is room for less than this value. */
function refusal(): PromiseLike<string> {
  return openIndexedDbStorage("idb:full").putIfAbsent("a", randomBytes(20_000_000, 1)).then(String, String);
}

Object.assign(globalThis, { outcome: location.pathname === "/full" ? refusal() : main() });
