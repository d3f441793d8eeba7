import type { ExecutionOptions } from "../core/api/execution-options.ts";
import type { JobArgs } from "../core/api/job-module.ts";
import type { ObjectDatabase } from "./durable-object.ts";
import type { Outcome } from "./result-log.ts";

/** What is kept of a job that was submitted, for as long as there is room for it. */
export interface JobRecord {
  readonly id: string;
  readonly module: string;
  readonly args: JobArgs;
  readonly configuration: ExecutionOptions;
  readonly submittedAt: string;
  /** Of the sources that records are pushed into. */
  readonly sources: readonly string[];
  /** Of the sources that read a log. */
  readonly logs: readonly string[];
  /** Under which it gives its results. */
  readonly sinks: readonly string[];
  /** Since when it is led, where its checkpoints outlive this object: the number of its first leader in their storage. */
  readonly since?: number | undefined;
  /** How often whoever led it was lost. */
  readonly losses: number;
  /** Once it has ended. */
  readonly outcome?: Outcome;
}

/** The jobs of an object, in its database. */
export class JobTable {
  readonly #database: ObjectDatabase;

  constructor(database: ObjectDatabase) {
    this.#database = database;
    database.sql.exec("create table if not exists jobs (number integer primary key, id text not null unique, record text not null)");
  }

  /** In the order in which they were submitted. */
  all(): readonly JobRecord[] {
    const rows = this.#database.sql.exec("select record from jobs order by number").toArray();
    return rows.map(({ record }) => JSON.parse(record as string) as JobRecord);
  }

  put(record: JobRecord): void {
    this.#database.sql.exec("insert into jobs (id, record) values (?1, ?2) on conflict (id) do update set record = ?2", record.id, JSON.stringify(record));
  }

  remove(id: string): void {
    this.#database.sql.exec("delete from jobs where id = ?", id);
  }
}
