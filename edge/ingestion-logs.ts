import { show } from "../core/lib/show.ts";
import type { ObjectDatabase } from "./durable-object.ts";
import { HttpError } from "./http-error.ts";

/** Bytes of events in one log that no completed checkpoint covers yet. More are refused until one does. */
export const LOG_BYTES_MAX = 2 ** 26;
/** Batches of each log whose ids are remembered. */
export const BATCHES_MAX = 10_000;
/** Rows of a Durable Object have at most 2 MB, their keys included. */
const CHUNK_BYTES_MAX = 1_900_000;
/** What one read brings, unless a single chunk is larger. */
const READ_BYTES_MAX = 2 ** 20;
const READ_CHUNKS_MAX = 16;

/** Where one request stands: which batch it brings, and how many of its records came before these. */
export interface BatchPlace {
  readonly id: string;
  readonly from: number;
}

/** Records of a log, as JSON: an array of them. `first` is the number of the first one. */
export interface LogChunk {
  readonly first: number;
  readonly bytes: Uint8Array;
}

/** What comes next in a log, or why it does not go on there. */
export type LogRead = { readonly identity: string; readonly chunks: readonly LogChunk[] } | { readonly gone: string };

interface Log {
  readonly identity: string;
  /** Number of the next record. */
  next: number;
  /** Of the chunks that are here. */
  bytes: number;
  readonly waiting: Set<() => void>;
}

/**
 * Logs in the database of an object: records are numbered from 0 on, appended in transactions, and removed from the front. The platform holds back every answer until what was written before it is on
 * disk, so whoever is told that records were appended may forget them.
 */
export class IngestionLogs {
  readonly #database: ObjectDatabase;
  readonly #logs = new Map<string, Log>();

  constructor(database: ObjectDatabase) {
    this.#database = database;
    this.#run("create table if not exists logs (name text primary key, identity text not null, next integer not null)");
    this.#run("create table if not exists events (log text not null, first integer not null, count integer not null, bytes blob not null, primary key (log, first))");
    this.#run("create table if not exists batches (log text not null, number integer not null, id text not null, records integer not null, primary key (log, number), unique (log, id))");
  }

  /** Appends records, all of them or none; of a batch that came before, only those that are new. @throws HttpError LOG_FULL */
  append(name: string, records: readonly unknown[], batch: BatchPlace | undefined): void {
    const log = this.#log(name);
    const added = this.#database.transactionSync(() => {
      const fresh = batch === undefined ? records : this.#freshOf(name, records, batch);
      if (fresh.length === 0) return { count: 0, bytes: 0 };
      if (LOG_BYTES_MAX <= log.bytes) throw full(name);
      const bytes = this.#insert(name, log.next, fresh);
      this.#run("update logs set next = ? where name = ?", log.next + fresh.length, name);
      return { count: fresh.length, bytes };
    });
    log.next += added.count;
    log.bytes += added.bytes;
    for (const wake of log.waiting) wake();
  }

  /** Records from a number on; of whichever are there, where `identity` is empty. No chunks: there are none yet. */
  read(name: string, identity: string, from: number): LogRead {
    const log = this.#log(name);
    if (identity !== "" && identity !== log.identity) return { gone: "this is another log of the same name" };
    const rows = this.#run(
      "select first, count, bytes from events where log = ?1 and first >= coalesce((select max(first) from events where log = ?1 and first <= ?2), 0) order by first limit ?3",
      name,
      from,
      READ_CHUNKS_MAX,
    );
    const chunks: LogChunk[] = [];
    let length = 0;
    for (const row of rows) {
      const chunk = { first: row["first"] as number, bytes: new Uint8Array(row["bytes"] as ArrayBuffer) };
      length += chunk.bytes.length;
      if (0 < chunks.length && READ_BYTES_MAX < length) break;
      if (from < chunk.first + (row["count"] as number)) chunks.push(chunk);
    }
    const [oldest] = chunks;
    if (identity !== "" && from < (oldest?.first ?? log.next)) return { gone: "records behind that have been removed, since another job or a later checkpoint has read them" };
    if (log.next < from) return { gone: "it has fewer records now" };
    return { identity: log.identity, chunks };
  }

  /** Calls back, once, when there may be more; the function it returns ends that. */
  onMore(name: string, wake: () => void): () => void {
    const { waiting } = this.#log(name);
    const once = (): void => {
      waiting.delete(once);
      wake();
    };
    waiting.add(once);
    return () => void waiting.delete(once);
  }

  /** Removes the chunks whose records all come before one. */
  trim(name: string, identity: string, before: number): void {
    const log = this.#log(name);
    if (identity !== log.identity) return;
    const removed = this.#run("delete from events where log = ? and first + count <= ? returning length(bytes) as length", name, before);
    log.bytes -= removed.reduce((sum, { length }) => sum + (length as number), 0);
  }

  #log(name: string): Log {
    const present = this.#logs.get(name);
    if (present !== undefined) return present;
    this.#run("insert or ignore into logs values (?, ?, 0)", name, crypto.randomUUID());
    const [row] = this.#run("select identity, next, (select coalesce(sum(length(bytes)), 0) from events where log = name) as bytes from logs where name = ?", name);
    const log: Log = { identity: row!["identity"] as string, next: row!["next"] as number, bytes: row!["bytes"] as number, waiting: new Set() };
    this.#logs.set(name, log);
    return log;
  }

  /** Those of a batch that are not in the log yet, and notes that they are. */
  #freshOf(name: string, records: readonly unknown[], { id, from }: BatchPlace): readonly unknown[] {
    const [known] = this.#run("select records from batches where log = ? and id = ?", name, id);
    const taken = (known?.["records"] as number | undefined) ?? 0;
    const end = from + records.length;
    if (end <= taken) return [];
    if (known === undefined) this.#remember(name, id, end);
    else this.#run("update batches set records = ? where log = ? and id = ?", end, name, id);
    return records.slice(Math.max(0, taken - from));
  }

  #remember(name: string, id: string, records: number): void {
    const [last] = this.#run("select coalesce(max(number), 0) as number from batches where log = ?", name);
    const number = (last!["number"] as number) + 1;
    this.#run("insert into batches values (?, ?, ?, ?)", name, number, id, records);
    this.#run("delete from batches where log = ? and number <= ?", name, number - BATCHES_MAX);
  }

  /** Returns how many bytes they have. JSON may be written longer than it came. */
  #insert(name: string, first: number, records: readonly unknown[]): number {
    const bytes = new TextEncoder().encode(JSON.stringify(records));
    if (CHUNK_BYTES_MAX < bytes.length && 1 < records.length) {
      const half = Math.floor(records.length / 2);
      return this.#insert(name, first, records.slice(0, half)) + this.#insert(name, first + half, records.slice(half));
    }
    this.#run("insert into events values (?, ?, ?, ?)", name, first, records.length, bytes.buffer);
    return bytes.length;
  }

  #run(query: string, ...values: readonly unknown[]): readonly Readonly<Record<string, unknown>>[] {
    return this.#database.sql.exec(query, ...values).toArray();
  }
}

function full(name: string): HttpError {
  const message = `the log ${show(name)} has ${LOG_BYTES_MAX} bytes of events that no completed checkpoint covers: the job is slower than they come, or takes no checkpoints. Send the rest again later`;
  return new HttpError("LOG_FULL", message, { "retry-after": "1" });
}

/** By this the plan of a job says which of its sources read a log. */
export function describeLog(name: string): string {
  return `ingestion log ${show(name)}`;
}
