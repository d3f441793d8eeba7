import { JobError, type Executor, type ExecutorOptions, type JobClient, type StreamGraph } from "../../core/index.ts";
import { printed } from "../../core/connectors/print-sink.ts";
import type { KernelModule } from "../../core/host/kernel-module.ts";
import { createLocalHost } from "../../core/local-host.ts";
import { show } from "../../core/lib/show.ts";
import { LocalExecutor, type LocalExecutorOptions } from "../../core/runtime/local-executor.ts";
import { NODE_STORAGES } from "../storages.ts";

/** Runs jobs in this process, remembers what was submitted, and cancels it together. */
export class SubmittedJobs implements Executor {
  readonly clients: JobClient[] = [];
  readonly hasKernelModule = true;
  readonly #executor: Executor;
  readonly #printing: Promise<void>[] = [];
  #failure: { readonly cause: unknown } | undefined;
  #isCanceled = false;
  /** Whether results that jobs hand to their submitter are printed: a script that submits jobs takes them itself. */
  printsResults = false;

  constructor(kernel: KernelModule, options: Pick<LocalExecutorOptions, "startsAfresh"> = {}) {
    this.#executor = new LocalExecutor({ ...options, host: { ...createLocalHost("node", kernel), storages: NODE_STORAGES } });
  }

  /** What made the first of the failed jobs fail. */
  get failure(): { readonly cause: unknown } | undefined {
    return this.#failure;
  }

  submit(graph: StreamGraph, options?: ExecutorOptions): JobClient {
    if (this.printsResults) refusePushes(graph);
    const client = this.#executor.submit(graph, this.printsResults ? { ...options, isClientless: false } : options);
    this.clients.push(client);
    client.result().catch((cause: unknown) => {
      // A job that was canceled was so by its own script or by the person at the keyboard.
      if (client.getJobStatus() === "FAILED") this.#failure ??= { cause };
    });
    if (this.printsResults) for (const name of submitterNames(graph, "sink")) this.#printing.push(printResults(client, name));
    if (this.#isCanceled) void client.cancel();
    return client;
  }

  /** Resolves when all results have been printed. What made a job fail is told by its client. */
  async printed(): Promise<void> {
    await Promise.allSettled(this.#printing);
  }

  /** Resolves when every job has ended; those that run are canceled, and so is what comes yet. */
  async cancelAll(): Promise<void> {
    this.#isCanceled = true;
    await Promise.all(this.clients.map((client) => client.cancel()));
  }
}

/** Under which a job gives records to whoever submitted it, or takes some. */
function submitterNames({ nodes }: StreamGraph, kind: "sink" | "source"): ReadonlySet<string> {
  return new Set(nodes.flatMap(({ factory }) => (factory.kind === kind && factory.submitterName !== undefined ? [factory.submitterName] : [])));
}

/** @throws JobError NO_CLIENT for a job that would wait for records that nobody can push */
function refusePushes(graph: StreamGraph): void {
  const [name] = submitterNames(graph, "source");
  if (name === undefined) return;
  const reason = `nobody can push records into its PushSource ${show(name)} where tamias run runs the job. Submit it in a program, by cluster.submit(new URL("./job.ts", import.meta.url)), which gives a client with push`;
  throw new JobError("NO_CLIENT", reason);
}

/** As a sink of `print(name)` does. */
async function printResults(client: JobClient, name: string): Promise<void> {
  for await (const batch of client.results<unknown>(name)) for (const record of batch) console.log(`${name}> ${printed(record)}`);
}

/** Ends a script at its `execute()`: the graph is all that was wanted of it. */
export class Explained extends Error {
  override readonly name = "Explained";
}

/** Keeps the graphs and runs none of them. */
export class ExplainingExecutor implements Executor {
  /** As where the command line runs jobs. */
  readonly hasKernelModule = true;
  readonly graphs: StreamGraph[] = [];

  submit(graph: StreamGraph): JobClient {
    this.graphs.push(graph);
    throw new Explained("the job is only explained, not run");
  }
}
