import type { Committer, Sink, SinkWriter, SinkWriterContext } from "../core/connectors/sink.ts";
import { isAbandoned, type TransactionName, TransactionNames, transactionsStateType, type TransactionsState } from "../core/connectors/transaction-names.ts";
import { types } from "../core/data/type.ts";
import { JobError } from "../core/lib/errors.ts";
import { requireOptionNames } from "../core/lib/option-names.ts";
import { show } from "../core/lib/show.ts";
import { keysUnder, requireName, type StoreNeed, transact, type WriteTransaction } from "./indexed-db-stores.ts";

/** Where an `IndexedDbSink` writes to. */
export interface IndexedDbSinkOptions<T> {
  readonly database: string;
  /** The object store. It is made where it is not there. */
  readonly store: string;
  /** Of each record: the path of a field, or a function. The record takes the place of one with the same key. Absent: each record is added, with the next number as its key. */
  readonly key?: string | ((record: T) => IDBValidKey);
}

/** What a checkpoint prepared: batches of records that lie in the database already, and the records behind them. */
interface Prepared extends TransactionName {
  readonly batches: number;
  readonly records: readonly unknown[];
}

/** Which transactions of a writer have been committed: those up to a number, and others. */
interface Committed {
  readonly upTo: number;
  readonly beyond: readonly number[];
}

const preparedType = /* @__PURE__ */ types.object({
  line: types.string,
  writer: types.string,
  number: types.number,
  batches: types.number,
  records: /* @__PURE__ */ types.array(types.dynamic),
});

/** Records of transactions that are not committed, in batches: [line, writer, number, batch] → records. */
const STAGED = "tamias-staged";
/** What has been committed: [line, writer] → Committed. */
const COMMITTED = "tamias-committed";
/** Records that wait in memory, and in a checkpoint, for a place in the database. */
const BATCH_RECORDS_MAX = 1_000;
const NOTHING_COMMITTED: Committed = { upTo: -1, beyond: [] };

/**
 * Writes records to an object store of IndexedDB, exactly once: what a checkpoint covers becomes visible in one transaction once that has completed, and nothing of it comes again, whatever
 * fails. A job without checkpoints writes at its end.
 *
 * The transaction also notes in the store `tamias-committed` that it has happened, so that a job which is restored and commits again changes nothing, even where the page has
 * removed the records since. Until then most records wait in the store `tamias-staged`: checkpoints hold a thousand of them for each subtask at most. Both stores, and the store for
 * the records, are made in the database where they are missing; its version rises by one then. A page that opens it names no version, or makes the stores itself.
 *
 * @example
 * ```text
 * import { IndexedDbSink } from "tamias/web";
 *
 * totals.sinkTo(new IndexedDbSink({ database: "shop", store: "totals", key: "product" }));
 * ```
 */
export class IndexedDbSink<T> implements Sink<T, TransactionsState, Prepared> {
  readonly writerStateType = transactionsStateType;
  readonly committableType = preparedType;
  readonly #target: Target<T>;

  /** @throws JobError INVALID_ARGUMENT, UNKNOWN_OPTION. */
  constructor(options: IndexedDbSinkOptions<T>) {
    requireOptionNames("IndexedDbSink", options, ["database", "store", "key"]);
    requireName("a database", options.database);
    requireName("an object store", options.store);
    this.#target = new Target(options);
  }

  describe(): string {
    return this.#target.description;
  }

  createWriter(context: SinkWriterContext): SinkWriter<T, TransactionsState, Prepared> {
    return this.restoreWriter(context, []);
  }

  restoreWriter(context: SinkWriterContext, states: readonly TransactionsState[]): SinkWriter<T, TransactionsState, Prepared> {
    return new StagingWriter(context, this.#target, states);
  }

  createCommitter(): Committer<Prepared> {
    const target = this.#target;
    return {
      async commit(prepared) {
        await target.transact(async (transaction) => {
          for (const each of prepared) await target.commit(transaction, each);
        });
      },
    };
  }
}

/** The object store with those that belong to it. */
class Target<T> {
  readonly description: string;
  readonly #database: string;
  readonly #store: string;
  readonly #key: IndexedDbSinkOptions<T>["key"];
  readonly #needs: readonly StoreNeed[];

  constructor({ database, store, key }: IndexedDbSinkOptions<T>) {
    this.description = `IndexedDB ${show(database)}, object store ${show(store)}`;
    this.#database = database;
    this.#store = store;
    this.#key = key;
    const options = typeof key === "string" ? { keyPath: key } : { autoIncrement: key === undefined };
    this.#needs = [{ name: store, options }, { name: STAGED }, { name: COMMITTED }];
  }

  transact<R>(work: (transaction: WriteTransaction) => Promise<R>): Promise<R> {
    return transact(this.#database, this.#needs, work);
  }

  /** @throws JobError INVALID_ARGUMENT where the store has other keys. */
  requireStore(transaction: WriteTransaction): void {
    const { keyPath, autoIncrement } = transaction.objectStore(this.#store);
    const isFit = this.#key === undefined ? autoIncrement : keyPath === (typeof this.#key === "string" ? this.#key : null);
    if (isFit) return;
    const wanted = this.#key === undefined ? "numbers its records" : typeof this.#key === "string" ? `has the key path ${show(this.#key)}` : "has no key path";
    throw new JobError("INVALID_ARGUMENT", `${this.description}: the sink needs one that ${wanted}, but this has the key path ${show(keyPath)}${autoIncrement ? " and numbers its records" : ""}; name another store`);
  }

  async stage(transaction: WriteTransaction, key: IDBValidKey, records: readonly T[]): Promise<void> {
    await transaction.objectStore(STAGED).put(records, key);
  }

  async removeStaged(transaction: WriteTransaction, line: string, isLeftOver: (name: TransactionName) => boolean): Promise<void> {
    const staged = transaction.objectStore(STAGED);
    for (const key of await staged.getAllKeys(keysUnder(line))) {
      const [, writer, number] = key as [string, string, number, number];
      if (isLeftOver({ line, writer, number })) await staged.delete(key);
    }
  }

  /** Puts the records where they are seen, and notes that; or does nothing where that has been noted. */
  async commit(transaction: WriteTransaction, { line, writer, number, batches, records }: Prepared): Promise<void> {
    const committed = transaction.objectStore(COMMITTED);
    const before = ((await committed.get([line, writer])) as Committed | undefined) ?? NOTHING_COMMITTED;
    if (number <= before.upTo || before.beyond.includes(number)) return;
    const staged = transaction.objectStore(STAGED);
    for (let batch = 0; batch < batches; batch += 1) {
      const key = [line, writer, number, batch];
      const rows = (await staged.get(key)) as readonly T[] | undefined;
      if (rows === undefined) {
        throw new JobError("SINK_FAILED", `${this.description}: records that were to become visible have been removed from the store ${STAGED}. One job at a time may write what a checkpoint began`);
      }
      await this.#write(transaction, rows);
      await staged.delete(key);
    }
    await this.#write(transaction, records as readonly T[]);
    await committed.put(including(before, number), [line, writer]);
    // A checkpoint of this writer has completed: nothing that writers before it in its line have prepared can come again.
    for (const key of await committed.getAllKeys(keysUnder(line))) if ((key as string[])[1] !== writer) await committed.delete(key);
  }

  async #write(transaction: WriteTransaction, records: readonly T[]): Promise<void> {
    const store = transaction.objectStore(this.#store);
    const key = this.#key;
    await Promise.all(records.map((record) => {
      if (key === undefined) return store.add(record);
      return typeof key === "string" ? store.put(record) : store.put(record, key(record));
    }));
  }
}

function including({ upTo, beyond }: Committed, number: number): Committed {
  const all = new Set([...beyond, number]);
  let reached = upTo;
  while (all.delete(reached + 1)) reached += 1;
  return { upTo: reached, beyond: [...all] };
}

/** Holds a batch of records at most; the others wait in the database. */
class StagingWriter<T> implements SinkWriter<T, TransactionsState, Prepared> {
  readonly #context: SinkWriterContext;
  readonly #target: Target<T>;
  readonly #names: TransactionNames;
  #records: T[] = [];
  /** What is written since the last checkpoint. */
  #transaction: TransactionName | undefined;
  #batches = 0;
  /** A call of the database is under way. */
  #isBusy = false;

  constructor(context: SinkWriterContext, target: Target<T>, states: readonly TransactionsState[]) {
    this.#context = context;
    this.#target = target;
    this.#names = new TransactionNames(() => context.random(), states);
    this.#run(async (transaction) => {
      target.requireStore(transaction);
      for (const line of new Set(states.map((state) => state.line))) await target.removeStaged(transaction, line, (name) => isAbandoned(name, states));
    });
  }

  write(record: T): void {
    this.#records.push(record);
    if (this.#records.length < BATCH_RECORDS_MAX) return;
    const { line, writer, number } = (this.#transaction ??= this.#names.next());
    const records = this.#records;
    const key = [line, writer, number, this.#batches];
    this.#records = [];
    this.#batches += 1;
    this.#run((transaction) => this.#target.stage(transaction, key, records));
  }

  isReady(): boolean {
    return !this.#isBusy;
  }

  /** What is not in the database goes into the checkpoint, which does not wait. */
  flush(): void {}

  prepareCommit(): readonly Prepared[] {
    if (this.#transaction === undefined && this.#records.length === 0) return [];
    const name = this.#transaction ?? this.#names.next();
    const prepared = { ...name, batches: this.#batches, records: this.#records };
    this.#transaction = undefined;
    this.#batches = 0;
    this.#records = [];
    return [prepared];
  }

  snapshotState(): readonly TransactionsState[] {
    return [this.#names.state()];
  }

  /** What no checkpoint has comes again. */
  close(): void {
    const open = this.#transaction;
    if (open === undefined) return;
    // Where this fails, a writer that is restored tries it again.
    this.#target.transact((transaction) => this.#target.removeStaged(transaction, open.line, ({ writer, number }) => writer === open.writer && number === open.number)).catch(() => {});
  }

  #run(work: (transaction: WriteTransaction) => Promise<void>): void {
    this.#isBusy = true;
    const done = (): void => {
      this.#isBusy = false;
      this.#context.notifyReady();
    };
    this.#target.transact(work).then(done, (cause: unknown) => this.#context.fail(cause));
  }
}
