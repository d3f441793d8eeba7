import { Command } from "commander";
import { JobError, StreamExecutionEnvironment, type Executor } from "../../core/index.ts";
import { explain } from "../../core/graph/explain.ts";
import { buildJobGraph } from "../../core/graph/job-graph.ts";
import type { StreamGraph } from "../../core/graph/stream-graph.ts";
import { addJobOptions, parseJobOptions, peekOptions } from "./job-options.ts";
import { loadJob } from "./job-loader.ts";
import { report } from "./report.ts";

/** `tamias explain JOB.ts`: prints the graph of a job and runs nothing of it. */
export function explainCommand(): Command {
  return addJobOptions(new Command("explain"), {})
    .description("prints a job's graph: chains, partitioning, state, windows, rows or columns; runs nothing")
    .argument("<job>", "the job's module, TypeScript or JavaScript")
    .argument("[options...]", "options of the job")
    .passThroughOptions()
    .action(async (file: string, rest: readonly string[], early: Readonly<Record<string, unknown>>) => {
      try {
        for (const graph of await graphsOf(file, rest, early)) process.stdout.write(`${explain(buildJobGraph(graph))}\n`);
      } catch (cause) {
        process.exitCode = report(cause);
      }
    });
}

/** Ends a script at its `execute()`; the graph is all that is wanted of it. */
class Explained extends Error {
  override readonly name = "Explained";
}

export function explainExecutor(graphs: StreamGraph[]): Executor {
  return {
    submit: (graph) => {
      graphs.push(graph);
      throw new Explained("the job is only explained");
    },
  };
}

async function graphsOf(file: string, rest: readonly string[], early: Readonly<Record<string, unknown>>): Promise<readonly StreamGraph[]> {
  const graphs: StreamGraph[] = [];
  StreamExecutionEnvironment.setContext({ executor: explainExecutor(graphs), parallelism: peekOptions(rest, early).parallelism });
  try {
    const module = await loadJob(file);
    if (module !== undefined) {
      const { args } = parseJobOptions(`tamias explain ${file}`, module.options ?? {}, rest, early);
      const env = StreamExecutionEnvironment.getExecutionEnvironment();
      await module.job(env, args);
      return [env.getStreamGraph(file)];
    }
  } catch (cause) {
    if (!(cause instanceof Explained)) throw cause;
  } finally {
    StreamExecutionEnvironment.setContext(undefined);
  }
  if (graphs.length === 0) throw new JobError("JOB_MODULE_INVALID", `${file} neither exports a job nor runs one: write export function job(env: StreamExecutionEnvironment, args: JobArgs) { … }`);
  return graphs;
}
