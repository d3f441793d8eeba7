import { JobError } from "../core/lib/errors.ts";
import { requireName, type StoreNeed, transact, transactReading } from "./indexed-db-stores.ts";

/** Lists of records, numbered from 1 on without a gap. Not by the database: where connections come and go, Firefox (ESR 153) at times gives a number again and refuses the entry. */
const ENTRIES = "entries";
/** The name of the log: another one than that of a log that was deleted. Beside it, under a key of its own, the number of the next entry. */
const IDENTITY = "identity";
const NEXT = 1;
const NEEDS: readonly StoreNeed[] = [{ name: ENTRIES }, { name: IDENTITY }];
const ENTRY_RECORDS_MAX = 1_000;
const ENTRIES_READ_MAX = 8;

/** One entry of a log. */
export interface LogEntry {
  readonly number: number;
  readonly records: readonly unknown[];
}

/**
 * Appends records to a log in IndexedDB, all of them or none; when it resolves they are on the device. Any page or worker of the origin may, at the same time too. A job reads them with an
 * `IndexedDbLogSource` of the same name, now or later. Records are what `structuredClone` takes.
 *
 * ```ts
 * await appendToLog("clicks", [{ button: "buy", time: Date.now() }]);
 * ```
 *
 * @throws JobError INVALID_ARGUMENT for an empty name
 */
export async function appendToLog(name: string, records: readonly unknown[]): Promise<void> {
  requireName("a log", name);
  if (records.length === 0) return;
  await transact(databaseOf(name), NEEDS, async (transaction) => {
    const identity = transaction.objectStore(IDENTITY);
    let number = (await identity.get(NEXT)) as number | undefined;
    if (number === undefined) {
      number = 1;
      await identity.put(crypto.randomUUID(), 0);
    }
    for (let from = 0; from < records.length; from += ENTRY_RECORDS_MAX, number += 1) {
      await transaction.objectStore(ENTRIES).add(records.slice(from, from + ENTRY_RECORDS_MAX), number);
    }
    await identity.put(number, NEXT);
  });
  const channel = channelOf(name);
  channel.postMessage("appended");
  channel.close();
}

/** Where those who append to a log tell those who read it. */
export function channelOf(name: string): BroadcastChannel {
  return new BroadcastChannel(databaseOf(name));
}

/**
 * The first entries of the log from a number on, and the log's identity.
 * @throws JobError RESTORE_MISMATCH where the log is not `identity`, unless that is empty, or entries from there on have been removed.
 */
export function readLog(name: string, identity: string, from: number): Promise<{ readonly identity: string; readonly entries: readonly LogEntry[] }> {
  return transactReading(databaseOf(name), NEEDS, async (transaction) => {
    const found = ((await transaction.objectStore(IDENTITY).get(0)) as string | undefined) ?? "";
    if (identity !== "" && found !== identity) throw gone(name, "it has been deleted since, and this is another one");
    const store = transaction.objectStore(ENTRIES);
    const range = IDBKeyRange.lowerBound(from);
    const [numbers, lists] = await Promise.all([store.getAllKeys(range, ENTRIES_READ_MAX), store.getAll(range, ENTRIES_READ_MAX)]);
    const entries = numbers.map((number, index) => ({ number: number as number, records: lists[index] as readonly unknown[] }));
    if (identity !== "" && entries[0] !== undefined && entries[0].number !== from) throw gone(name, "records behind that have been removed, by another job perhaps");
    return { identity: found, entries };
  });
}

/** Removes the entries before one. */
export function trimLog(name: string, before: number): Promise<void> {
  return transact(databaseOf(name), NEEDS, (transaction) => transaction.objectStore(ENTRIES).delete(IDBKeyRange.upperBound(before, true)));
}

function databaseOf(name: string): string {
  return `tamias-log:${name}`;
}

function gone(name: string, reason: string): JobError {
  return new JobError("RESTORE_MISMATCH", `the log "${name}" does not go on where it had been read to when the snapshot was taken: ${reason}`);
}
