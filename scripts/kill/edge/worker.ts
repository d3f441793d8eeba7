import { DurableObject, env as bindings } from "cloudflare:workers";
import { type JobModule, type Sink, types } from "tamias";
import { createEdgeWorker, type EdgeEnv, type ObjectNamespace } from "tamias/edge";
import { totals, type Total } from "../totals.ts";
import { CHECKPOINT_INTERVAL_MS, ORDERS, ORDERS_PER_SECOND } from "../victim.ts";

/** What the sink has made visible: of each transaction once. */
export class ResultsObject extends DurableObject {
  constructor(...given: ConstructorParameters<typeof DurableObject>) {
    super(...given);
    this.#run("create table if not exists transactions (name text primary key)");
    this.#run("create table if not exists results (result text not null)");
  }

  commit(name: string, results: readonly string[]): void {
    this.ctx.storage.transactionSync(() => {
      const isNew = 0 < this.#run("insert or ignore into transactions values (?) returning name", name).length;
      if (isNew) for (const result of results) this.#run("insert into results values (?)", result);
    });
  }

  results(): readonly string[] {
    return this.#run("select result from results").map(({ result }) => result as string);
  }

  #run(query: string, ...values: readonly unknown[]): readonly Readonly<Record<string, unknown>>[] {
    return this.ctx.storage.sql.exec(query, ...values).toArray();
  }
}

interface Results {
  commit(name: string, results: readonly string[]): Promise<void>;
  results(): Promise<readonly string[]>;
}

function resultsObject(): Results {
  const { RESULTS } = bindings as { readonly RESULTS: ObjectNamespace<Results> };
  return RESULTS.get(RESULTS.idFromName("results"));
}

interface Transaction {
  readonly name: string;
  readonly results: readonly string[];
}

/** In two steps: results are part of the checkpoint, and go to their object under the name of their transaction when it has completed. */
const sink: Sink<Total, never, Transaction> = {
  describe: () => "results",
  committableType: types.object({ name: types.string, results: types.array(types.string) }),
  createWriter({ random }) {
    const writer = String(random());
    let transactions = 0;
    let results: string[] = [];
    return {
      write: (total) => void results.push(JSON.stringify(total)),
      flush() {},
      prepareCommit() {
        if (results.length === 0) return [];
        transactions += 1;
        const transaction = { name: `${writer}/${transactions}`, results };
        results = [];
        return [transaction];
      },
      close() {},
    };
  },
  createCommitter: () => ({
    async commit(transactions) {
      for (const { name, results } of transactions) await resultsObject().commit(name, results);
    },
  }),
};

const job: JobModule["job"] = (env) => {
  env.configure({
    "execution.checkpointing.interval": CHECKPOINT_INTERVAL_MS,
    "restart-strategy.type": "fixed-delay",
    "restart-strategy.fixed-delay.attempts": 100,
    "restart-strategy.fixed-delay.delay": CHECKPOINT_INTERVAL_MS,
  });
  totals(env, { orders: ORDERS, ordersPerSecond: ORDERS_PER_SECOND }).sinkTo(sink);
};

const edge = createEdgeWorker({ jobs: { totals: { job } }, slots: 2, heartbeatTimeoutMs: 30_000 });
export const { JobManagerObject, TaskObject, StorageObject } = edge;

/** `GET /results` gives what is visible; everything else is as in any worker. */
export default {
  async fetch(request: Request, env: EdgeEnv): Promise<Response> {
    if (new URL(request.url).pathname === "/results") return Response.json(await resultsObject().results());
    return edge.worker.fetch(request, env);
  },
};
