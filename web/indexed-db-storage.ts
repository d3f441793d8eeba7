import { type DBSchema, type IDBPDatabase, type IDBPTransaction, openDB } from "idb";
import { JobError } from "../core/lib/errors.ts";
import type { AsyncStorage } from "../core/host/storage.ts";

/** Values are stored in pieces, for browsers copy and compress much larger ones slowly. All pieces of a value are written and read in one transaction. */
const PIECE_BYTES_MAX = 2_097_152;
const VERSION = 1;
const STORE = "values";
/** A connection may be closed from outside between two calls, again and again. */
const CONNECTIONS_MAX = 3;

/** Pieces are ArrayBuffers: WebKit refuses Blobs where it keeps nothing on disk. Keys order by name first, and an array comes after all numbers. */
interface Values extends DBSchema {
  readonly [STORE]: { readonly key: [name: string, piece: number]; readonly value: ArrayBuffer };
}
type Mode = "readonly" | "readwrite";
type Transaction<M extends Mode> = IDBPTransaction<Values, [typeof STORE], M>;

/** `idb:NAME`, a database of the page's origin, which all its pages and workers see. */
export function openIndexedDbStorage(url: string): AsyncStorage {
  const name = url.slice("idb:".length);
  if (!url.startsWith("idb:") || name === "") throw new JobError("INVALID_ARGUMENT", `the address of a storage in IndexedDB is idb:NAME, such as idb:checkpoints, not ${url}`);
  const connection = new Connection(name);
  return {
    description: url,
    putIfAbsent: (value, bytes) => connection.run("readwrite", (transaction) => addPieces(transaction, value, bytes)).then(() => true, falseIfThere),
    get: async (value) => joined(await connection.run("readonly", ({ store }) => store.getAll(piecesOf(value)))),
    list: (prefix, after) => connection.run("readonly", (transaction) => namesIn(transaction, prefix, after)),
    remove: (values) => connection.run("readwrite", async ({ store }) => void (await Promise.all(values.map((value) => store.delete(piecesOf(value)))))),
    close: () => connection.close(),
  };
}

function piecesOf(name: string): IDBKeyRange {
  return IDBKeyRange.bound([name], [name, []]);
}

/** Only the first piece can be there already: that it is ends the transaction, and nothing of this value is written. */
async function addPieces({ store }: Transaction<"readwrite">, name: string, bytes: Uint8Array): Promise<void> {
  const count = Math.max(1, Math.ceil(bytes.length / PIECE_BYTES_MAX));
  const pieces = Array.from({ length: count }, (_, index) => bytes.slice(index * PIECE_BYTES_MAX, (index + 1) * PIECE_BYTES_MAX));
  await Promise.all(pieces.map((piece, index) => store.add(piece.buffer as ArrayBuffer, [name, index])));
}

function falseIfThere(cause: unknown): false {
  if (nameOf(cause) === "ConstraintError") return false;
  throw cause;
}

function joined(pieces: readonly ArrayBuffer[]): Uint8Array | undefined {
  if (pieces.length <= 1) return pieces[0] === undefined ? undefined : new Uint8Array(pieces[0]);
  const bytes = new Uint8Array(pieces.reduce((length, piece) => length + piece.byteLength, 0));
  pieces.forEach((piece, index) => bytes.set(new Uint8Array(piece), index * PIECE_BYTES_MAX));
  return bytes;
}

async function namesIn({ store }: Transaction<"readonly">, prefix: string, after: string): Promise<readonly string[]> {
  // Names are ASCII, so this is behind all that begin with the prefix.
  const end = `${prefix}\uffff`;
  if (end <= after) return [];
  const keys = await store.getAllKeys(after < prefix ? IDBKeyRange.bound([prefix], [end]) : IDBKeyRange.bound([after, []], [end]));
  return keys.filter(([, piece]) => piece === 0).map(([name]) => name);
}

/** To one database; opened again when the browser or another page had it closed. */
class Connection {
  readonly #name: string;
  #database: Promise<IDBPDatabase<Values>> | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** Rejects with what ended the transaction; then it has changed nothing. */
  async run<M extends Mode, T>(mode: M, requests: (transaction: Transaction<M>) => Promise<T>): Promise<T> {
    try {
      const transaction = await this.#begin(mode);
      const [end, results] = await Promise.allSettled([transaction.done, requests(transaction).catch((cause: unknown) => abort(transaction, cause))]);
      if (end.status === "fulfilled" && results.status === "fulfilled") return results.value;
      // Requests that a transaction took along know only that it ended; it knows why, unless it was ended from here.
      throw transaction.error ?? [results, end].find(isRejected)?.reason;
    } catch (cause) {
      throw explained(this.#name, cause);
    }
  }

  close(): void {
    this.#database?.then((database) => database.close(), () => {});
    this.#database = undefined;
  }

  async #begin<M extends Mode>(mode: M): Promise<Transaction<M>> {
    for (let connections = 1; ; connections += 1) {
      const database = await this.#open();
      try {
        // Browsers have large pieces in files of their own: a record brought to disk does not bring along the parts that were written before it.
        return database.transaction([STORE], mode, { durability: "strict" });
      } catch (cause) {
        if (nameOf(cause) !== "InvalidStateError" || connections === CONNECTIONS_MAX) throw cause;
        this.close();
      }
    }
  }

  #open(): Promise<IDBPDatabase<Values>> {
    if (this.#database !== undefined) return this.#database;
    if (typeof indexedDB === "undefined") throw new Error("there is no IndexedDB here");
    const forget = (): void => {
      if (this.#database === opened) this.#database = undefined;
    };
    const opened = openDB<Values>(this.#name, VERSION, {
      upgrade: (database) => void database.createObjectStore(STORE),
      // Somebody deletes the database, or a later version changes it, and waits until nobody has it open.
      blocking: (_current, _wanted, { target }) => {
        forget();
        (target as IDBDatabase).close();
      },
      terminated: forget,
    });
    this.#database = opened;
    opened.catch(forget);
    return opened;
  }
}

function isRejected(result: PromiseSettledResult<unknown>): result is PromiseRejectedResult {
  return result.status === "rejected";
}

/** Nothing of it remains, also where it was a request that could not be made. */
function abort(transaction: Transaction<Mode>, cause: unknown): never {
  try {
    transaction.abort();
  } catch {
    // It has ended already.
  }
  throw cause;
}

function nameOf(cause: unknown): string {
  return cause instanceof Error || cause instanceof DOMException ? cause.name : "";
}

/** What is to be done about failures that people meet. */
function explained(database: string, cause: unknown): unknown {
  const name = nameOf(cause);
  const foreign = `the database "${database}" was made by something else, or by a later version of Tamias; choose another name`;
  const meanings: Readonly<Record<string, string>> = {
    QuotaExceededError: "the browser gives this site no more space; remove savepoints and checkpoints that are not needed, free space on the device, or ask for more with navigator.storage.persist()",
    VersionError: foreign,
    NotFoundError: foreign,
    SecurityError: "the browser does not let this page use IndexedDB; its settings for cookies and site data may forbid it",
  };
  const meaning = meanings[name];
  return meaning === undefined ? cause : new Error(`${meaning} (${name})`, { cause });
}
