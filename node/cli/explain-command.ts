import { Command } from "commander";
import { StreamExecutionEnvironment, type JobModule, type StreamGraph } from "../../core/index.ts";
import { explain } from "../../core/graph/explain.ts";
import { jobGraphToJson } from "../../core/graph/fingerprint.ts";
import { buildJobGraph } from "../../core/graph/job-graph.ts";
import { Explained, ExplainingExecutor } from "./executors.ts";
import { strayError } from "./interruption.ts";
import { invalidModule, loadJob, scriptEnd } from "./job-loader.ts";
import { addJobOptions, asksForHelp, parseJobOptions, peekOptions, type CommandName, type OptionValues } from "./job-options.ts";
import { report } from "./report.ts";

/** `tamias explain JOB.ts`: prints the graph of a job and runs nothing of it. */
export function explainCommand(onEnd: (code: number) => void): Command {
  return addJobOptions(new Command("explain"), "explain")
    .description("prints a job's graph: chains, partitioning, state, windows, rows or columns; runs nothing of it")
    .argument("<job>", "the job's module, TypeScript or JavaScript")
    .argument("[options...]", "options that the job declares; tamias explain JOB --help lists them")
    .passThroughOptions()
    .exitOverride()
    .showHelpAfterError("(tamias explain --help shows the options; those that a job declares come after the job)")
    .action(async (file: string, rest: readonly string[], early: OptionValues) => {
      onEnd(asksForHelp(rest) ? await printJobHelp("explain", file) : await explainJob(file, rest, early));
    });
}

/** Prints the options of a job. Its module says what they are, so it is imported; nothing of a script's jobs runs. */
export async function printJobHelp(name: CommandName, file: string): Promise<number> {
  try {
    const { module } = await importOnly(file, [], undefined);
    parseJobOptions(name, file, module?.options ?? {}, ["--help"], {});
    return 0;
  } catch (cause) {
    return report(cause);
  }
}

async function explainJob(file: string, rest: readonly string[], early: OptionValues): Promise<number> {
  try {
    const { parallelism, args } = peekOptions("explain", rest, early);
    const graphs = await graphsOf(file, { rest, early, parallelism });
    const print =
      args.json === true
        ? (graph: StreamGraph) => JSON.stringify(jobGraphToJson(buildJobGraph(graph)))
        : (graph: StreamGraph) => explain(buildJobGraph(graph), { hasKernelModule: true });
    process.stdout.write(`${graphs.map(print).join(args.json === true ? "\n" : "\n\n")}\n`);
    return 0;
  } catch (cause) {
    return report(cause);
  }
}

interface Given {
  readonly rest: readonly string[];
  readonly early: OptionValues;
  readonly parallelism: number | undefined;
}

async function graphsOf(file: string, { rest, early, parallelism }: Given): Promise<readonly StreamGraph[]> {
  const { module, graphs } = await importOnly(file, rest, parallelism);
  if (module === undefined) {
    if (graphs.length === 0) throw invalidModule(`${file} neither exports a job nor runs one`);
    return graphs;
  }
  const { args } = parseJobOptions("explain", file, module.options ?? {}, rest, early);
  const env = StreamExecutionEnvironment.getExecutionEnvironment();
  try {
    // The job's own --json would only change what its sink prints.
    const { json: _json, ...own } = args;
    await module.job(env, own);
  } catch (cause) {
    if (!(cause instanceof Explained)) throw cause;
    return graphs;
  }
  return [env.getStreamGraph(file)];
}

interface Imported {
  readonly module: JobModule | undefined;
  /** What a script, or a job function that executes by itself, has submitted; grows. */
  readonly graphs: readonly StreamGraph[];
}

/** Imports a job with an executor that runs nothing. A script ends at its first `execute()`. */
async function importOnly(file: string, argv: readonly string[], parallelism: number | undefined): Promise<Imported> {
  const executor = new ExplainingExecutor();
  StreamExecutionEnvironment.setContext({ executor, parallelism });
  const { graphs } = executor;
  try {
    const module = await Promise.race([loadJob(file, argv), strayError()]);
    if (module === undefined) await Promise.race([scriptEnd(), strayError()]);
    return { module, graphs };
  } catch (cause) {
    if (!(cause instanceof Explained)) throw cause;
    return { module: undefined, graphs };
  }
}
