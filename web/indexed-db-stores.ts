import { type IDBPDatabase, type IDBPTransaction, openDB } from "idb";
import { JobError } from "../core/lib/errors.ts";

/** An object store that must be there, and how it is made where it is not. */
export interface StoreNeed {
  readonly name: string;
  readonly options?: IDBObjectStoreParameters;
}

type Mode = "readonly" | "readwrite";
type Transaction<M extends Mode> = IDBPTransaction<unknown, string[], M>;

/** A transaction over all stores that were asked for. */
export type ReadTransaction = Transaction<"readonly">;
export type WriteTransaction = Transaction<"readwrite">;

/** Others may raise the version at the same time, one after another. */
const UPGRADES_MAX = 20;

/**
 * Runs one transaction, and resolves when what it wrote is on the device. Stores that are not there are made: in a database that others have made, by raising its version. The
 * database is open no longer than that, so that it is in nobody's way who wants to change or delete it.
 */
export function transact<T>(database: string, needs: readonly StoreNeed[], work: (transaction: WriteTransaction) => Promise<T>): Promise<T> {
  return run(database, needs, "readwrite", work);
}

/** The same for a transaction that only reads. */
export function transactReading<T>(database: string, needs: readonly StoreNeed[], work: (transaction: ReadTransaction) => Promise<T>): Promise<T> {
  return run(database, needs, "readonly", work);
}

async function run<M extends Mode, T>(database: string, needs: readonly StoreNeed[], mode: M, work: (transaction: Transaction<M>) => Promise<T>): Promise<T> {
  const opened = await openWith(database, needs);
  try {
    const transaction = opened.transaction(needs.map(({ name }) => name), mode, { durability: "strict" });
    const [end, result] = await Promise.allSettled([transaction.done, work(transaction).catch((cause: unknown) => aborted(transaction, cause))]);
    if (end.status === "fulfilled" && result.status === "fulfilled") return result.value;
    // A request that a transaction took along knows only that it ended; the transaction knows why, unless it was ended from here.
    throw transaction.error ?? (result.status === "rejected" ? result.reason : end.status === "rejected" ? end.reason : undefined);
  } finally {
    opened.close();
  }
}

async function openWith(database: string, needs: readonly StoreNeed[]): Promise<IDBPDatabase> {
  if (typeof indexedDB === "undefined") throw new Error("there is no IndexedDB here");
  let version: number | undefined;
  for (let upgrades = 0; upgrades <= UPGRADES_MAX; upgrades += 1) {
    const opened = await openAt(database, version, needs);
    if (opened !== undefined && needs.every(({ name }) => opened.objectStoreNames.contains(name))) return opened;
    version = opened === undefined ? undefined : opened.version + 1;
    opened?.close();
  }
  throw new Error(`others keep changing the database "${database}"`);
}

/** Undefined where it has a higher version already. */
async function openAt(database: string, version: number | undefined, needs: readonly StoreNeed[]): Promise<IDBPDatabase | undefined> {
  try {
    return await openDB(database, version, {
      upgrade: (upgraded) => {
        for (const { name, options } of needs) if (!upgraded.objectStoreNames.contains(name)) upgraded.createObjectStore(name, options);
      },
      // It goes on when they have: our own do so at once.
      blocked: () => console.warn(`the database "${database}" gets the object stores ${needs.map(({ name }) => name).join(", ")} when all who have it open have closed it`),
      blocking: (_current, _wanted, { target }) => (target as IDBDatabase).close(),
    });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "VersionError") return undefined;
    throw cause;
  }
}

/** Nothing of it remains, also where it was a request that could not be made. */
function aborted(transaction: Transaction<Mode>, cause: unknown): never {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
  throw cause;
}

/** Keys that begin with these parts. */
export function keysUnder(...parts: readonly IDBValidKey[]): IDBKeyRange {
  return IDBKeyRange.bound([...parts], [...parts, []]);
}

/** @throws JobError INVALID_ARGUMENT unless it is a name. */
export function requireName(what: string, name: unknown): asserts name is string {
  if (typeof name !== "string" || name === "") throw new JobError("INVALID_ARGUMENT", `${what} has a name, such as "counts", but got ${String(name)}`);
}
