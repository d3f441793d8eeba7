import { DurableObject, env as bindings } from "cloudflare:workers";
import { collectSink, type JobArgs, type JobModule, type Sink, types, WatermarkStrategy } from "tamias";
import { createEdgeWorker, type EdgeEnv, IngestionSource, type ObjectNamespace } from "tamias/edge";
import * as countedWords from "../jobs/counted-words.ts";

/** What tests and the harness that kills workerd see of a job: rows that were committed, each transaction once. */
export class CommittedObject extends DurableObject {
  readonly #waiting = new Set<() => void>();

  constructor(...given: ConstructorParameters<typeof DurableObject>) {
    super(...given);
    this.#run("create table if not exists transactions (name text primary key)");
    this.#run("create table if not exists rows (row text not null)");
  }

  commit(name: string, rows: readonly string[]): void {
    this.ctx.storage.transactionSync(() => {
      if (0 < this.#run("insert or ignore into transactions values (?) returning name", name).length) for (const row of rows) this.#run("insert into rows values (?)", row);
    });
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  /** All rows in order of their text, once there are so many. */
  async rows(count: number): Promise<readonly string[]> {
    for (;;) {
      const rows = this.#run("select row from rows order by row").map(({ row }) => row as string);
      if (count <= rows.length) return rows;
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  #run(query: string, ...values: readonly unknown[]): readonly Readonly<Record<string, unknown>>[] {
    return this.ctx.storage.sql.exec(query, ...values).toArray();
  }
}

interface Bindings {
  readonly COMMITTED: ObjectNamespace<{ commit(name: string, rows: readonly string[]): Promise<void>; rows(count: number): Promise<readonly string[]> }>;
}

type Committed = ReturnType<Bindings["COMMITTED"]["get"]>;

function committed({ COMMITTED }: Bindings, name: string): Committed {
  return COMMITTED.get(COMMITTED.idFromName(name));
}

interface Transaction {
  readonly name: string;
  readonly rows: readonly string[];
}

/** In two steps: rows are part of the checkpoint, and committed under the name of their transaction when it has completed. */
const committedSink = (sink: string): Sink<string, never, Transaction> => ({
  describe: () => `committed ${sink}`,
  committableType: types.object({ name: types.string, rows: types.array(types.string) }),
  createWriter({ random }) {
    const writer = `${random()}`;
    let transactions = 0;
    let rows: string[] = [];
    return {
      write: (row) => void rows.push(row),
      flush() {},
      prepareCommit() {
        if (rows.length === 0) return [];
        const transaction = { name: `${writer}/${(transactions += 1)}`, rows };
        rows = [];
        return [transaction];
      },
      close() {},
    };
  },
  createCommitter: () => ({
    async commit(transactions) {
      for (const { name, rows } of transactions) await committed(bindings as Bindings, sink).commit(name, rows);
    },
  }),
});

/** Log and rows of a job go by the same name, `args.name`. */
function nameIn({ name = "events" }: JobArgs): string {
  return String(name);
}

interface Event {
  readonly key: string;
  readonly count: number;
}

/** `args.intervalMs` is between its checkpoints. Nobody waits between a failure and the next attempt. */
function checkpointed(env: Parameters<JobModule["job"]>[0], intervalMs: unknown): typeof env {
  return env.configure({
    "execution.checkpointing.interval": Number(intervalMs ?? 50),
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": 1_000,
    "restart-strategy.fixed-delay.delay": 1,
  });
}

const jobs: Record<string, JobModule> = {
  "counted-words": countedWords,
  /** Commits for each event of its log a row `KEY COUNT`: how often its key has come so far, so that each row comes once whatever happens. */
  events: {
    job(env, args) {
      checkpointed(env, args["intervalMs"])
        .fromSource(new IngestionSource<Event>(nameIn(args)), WatermarkStrategy.noWatermarks(), "events")
        .keyBy("key")
        .reduce((a, b) => ({ key: a.key, count: a.count + b.count }))
        .uid("counts")
        .map(({ key, count }) => `${key} ${count}`)
        .sinkTo(committedSink(nameIn(args)));
    },
  },
  /** The same for the numbers up to args.count, by their rest of 7; then it ends. It gives no results, and tells its end by that. */
  numbers: {
    job(env, args) {
      const rows = checkpointed(env, args["intervalMs"])
        .fromSequence(1, Number(args["count"]))
        .setParallelism(1)
        .map((n) => ({ key: `${n % 7}`, count: 1 }))
        .keyBy("key")
        .reduce((a, b) => ({ key: a.key, count: a.count + b.count }))
        .uid("counts")
        .map(({ key, count }) => `${key} ${count}`);
      rows.sinkTo(committedSink(nameIn(args)));
      rows.filter(() => false).sinkTo(collectSink("none"));
    },
  },
};

const edge = createEdgeWorker({ jobs, slots: 3, heartbeatTimeoutMs: 30_000 });
export const { TaskObject, StorageObject } = edge;

type Context = DurableObject["ctx"] & { readonly storage: { sync(): Promise<void> } };

/** The same, but a test can move it. */
export class JobManagerObject extends edge.JobManagerObject {
  get #ctx(): Context {
    return (this as unknown as { readonly ctx: Context }).ctx;
  }

  terminate(): void {
    this.#ctx.abort("it was terminated");
  }

  /** Ends it, and lets its alarm come now. Says whether there was one. */
  async terminateAndWake(): Promise<never> {
    const { storage } = this.#ctx;
    if ((await storage.getAlarm()) === null) throw new Error("no alarm is set");
    await storage.setAlarm(Date.now());
    await storage.sync();
    return this.#ctx.abort("it was terminated, and its alarm is due");
  }

  /** As if it had been lost when its jobs had ended and before that was noted. */
  async forgetEnds(): Promise<never> {
    const { storage } = this.#ctx;
    storage.sql.exec("update jobs set record = json_remove(record, '$.outcome')");
    await storage.sync();
    return this.#ctx.abort("it was terminated");
  }
}

interface Objects {
  readonly [binding: string]: ObjectNamespace<Record<string, () => Promise<unknown>>>;
}

/** `POST /call/METHOD/BINDING/NAME` calls a method of an object, which may end it. `GET /rows/NAME?count=N` waits for so many rows of a job and gives all of them. */
export default {
  async fetch(request: Request, env: EdgeEnv): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    const [, rows] = /^\/rows\/(.+)$/.exec(pathname) ?? [];
    if (rows !== undefined) return Response.json(await committed(env as unknown as Bindings, rows).rows(Number(searchParams.get("count"))));
    if (!pathname.startsWith("/call/")) return edge.worker.fetch(request, env);
    const [, , method = "", binding = "", name = ""] = pathname.split("/");
    const objects = (env as unknown as Objects)[binding]!;
    return Response.json({ said: await objects.get(objects.idFromName(name))[method]!().catch(String) });
  },
};
