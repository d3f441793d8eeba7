import { Command, InvalidArgumentError, Option } from "commander";
import type { JobArgs, JobOption } from "../../core/index.ts";
import { NODE_STORAGES } from "../storages.ts";
import { invalidModule } from "./job-loader.ts";
import { UsageError } from "./report.ts";

/** What the command line itself takes for a job, beside the options that the job module declares. */
export interface RunOptions {
  readonly parallelism: number | undefined;
  readonly metrics: string | undefined;
  readonly checkpoints: CheckpointFlags;
  readonly args: JobArgs;
}

/** How a job takes checkpoints that says nothing of it. */
export interface CheckpointFlags {
  /** Address of the storage; undefined: nothing is stored. */
  readonly storage: string | undefined;
  readonly intervalMs: number | undefined;
  /** Whether what is stored of the job is removed first. */
  readonly isFresh: boolean;
  /** Address of the savepoint to begin from. */
  readonly savepoint: string | undefined;
  readonly allowNonRestoredState: boolean;
}

export type OptionValues = Readonly<Record<string, unknown>>;
export type DeclaredOptions = Readonly<Record<string, JobOption>>;

/** Which command the options are of: `explain` writes no metrics, and its `--json` is about the graph. */
export type CommandName = "run" | "explain";

/** For jobs as much as for the command: a job finds them in its args, and may describe them in its own words. */
const INPUT: JobOption = { type: "string", description: "what the job reads; each job says what it takes and its default" };
const JSON_OUTPUT: JobOption = { type: "boolean", description: "output for machines" };
const SHARED: DeclaredOptions = { input: INPUT, json: JSON_OUTPUT };
const RESERVED = ["parallelism", "metrics", "checkpoints", "checkpointInterval", "fresh", "fromSavepoint", "allowNonRestoredState", "help"];

/** Options that every job has, then those that the job declares. */
export function addJobOptions(command: Command, name: CommandName, declared: DeclaredOptions = {}): Command {
  command.option("--input <file>", (declared["input"] ?? INPUT).description);
  const json = new Option("--json", name === "explain" ? "the graph as JSON" : (declared["json"] ?? JSON_OUTPUT).description);
  // Whether it changes what a job prints is for the job to say; it is taken all the same.
  command.addOption(json.hideHelp(name === "run" && declared["json"] === undefined));
  command.option("--parallelism <n>", "subtasks of each operator (default: 1)", positiveInteger);
  if (name === "run") {
    command.option("--metrics <file>", "keep the metrics there as Prometheus text, written every second and at the end");
    command.option("--checkpoints <address>", "keep checkpoints there, such as file:./ckpt: the same command goes on where a run was ended", storageAddress);
    command.option("--checkpoint-interval <ms>", "from one checkpoint to the next (default: 1000)", positiveMs);
    command.option("--fresh", "start over: remove the checkpoints of the job that are there");
    command.option("--from-savepoint <address>", "begin from this savepoint, unless there is a checkpoint", storageAddress);
    command.option("--allow-non-restored-state", "leave out state that no operator of the job claims");
  }
  for (const [option, { type, description }] of Object.entries(declared)) {
    if (option in SHARED) continue;
    const flags = type === "boolean" ? `--${kebab(option)}` : `--${kebab(option)} <${type}>`;
    const added = new Option(flags, description);
    if (type === "number") added.argParser(finiteNumber);
    command.addOption(added);
  }
  return command;
}

/** What can be read of the options before the job's module is imported; what the module declares is passed over. */
export function peekOptions(name: CommandName, rest: readonly string[], early: OptionValues): RunOptions {
  const parser = addJobOptions(new Command(), name).helpOption(false).allowUnknownOption().allowExcessArguments().exitOverride();
  parser.parse([...rest], { from: "user" });
  return readOptions({ ...early, ...parser.opts() });
}

/**
 * Parses strictly: an option that neither the command nor the job knows is refused. `--help` among the options prints them.
 *
 * @throws UsageError, CommanderError after it has printed what is wrong, or the help
 * @throws JobError JOB_MODULE_INVALID where the module declares options that cannot be
 */
export function parseJobOptions(
  name: CommandName,
  file: string,
  declared: DeclaredOptions,
  rest: readonly string[],
  early: OptionValues,
): RunOptions {
  checkDeclared(file, declared);
  const command = `tamias ${name} ${file}`;
  const parser = addJobOptions(new Command(command), name, declared)
    .usage("[options]")
    .showHelpAfterError(`(${command} --help shows the options)`)
    .allowExcessArguments()
    .exitOverride();
  parser.parse([...rest], { from: "user" });
  const [excess] = parser.args;
  if (excess !== undefined) throw new UsageError(`a job takes options only, but got "${excess}"; ${command} --help shows them`);
  return readOptions({ ...early, ...parser.opts() });
}

/** Whether the help of the job is asked for. It must be known before the module is imported: a script would run. */
export function asksForHelp(rest: readonly string[]): boolean {
  return rest.includes("--help") || rest.includes("-h");
}

function readOptions(values: OptionValues): RunOptions {
  const { parallelism, metrics, checkpoints, checkpointInterval, fresh, fromSavepoint, allowNonRestoredState, ...args } = values;
  return {
    parallelism: typeof parallelism === "number" ? parallelism : undefined,
    metrics: typeof metrics === "string" ? metrics : undefined,
    checkpoints: checkedFlags({
      storage: typeof checkpoints === "string" ? checkpoints : undefined,
      intervalMs: typeof checkpointInterval === "number" ? checkpointInterval : undefined,
      isFresh: fresh === true,
      savepoint: typeof fromSavepoint === "string" ? fromSavepoint : undefined,
      allowNonRestoredState: allowNonRestoredState === true,
    }),
    args: args as JobArgs,
  };
}

/** @throws UsageError for flags that would do nothing. */
function checkedFlags(flags: CheckpointFlags): CheckpointFlags {
  if (flags.storage === undefined && flags.isFresh) throw new UsageError("--fresh removes checkpoints: say where they are, with --checkpoints file:./ckpt");
  if (flags.storage === undefined && flags.intervalMs !== undefined) throw new UsageError("--checkpoint-interval needs --checkpoints, such as --checkpoints file:./ckpt");
  return flags;
}

function checkDeclared(file: string, declared: DeclaredOptions): void {
  for (const [name, option] of Object.entries(declared)) {
    const shared = SHARED[name];
    if (!/^(?!no[A-Z])[a-z][a-zA-Z0-9]*$/.test(name) || RESERVED.includes(name)) {
      throw invalidModule(
        `${file} declares an option "${name}", which it cannot have: a name is a camelCase word, not ${RESERVED.join(", ")} or "no…"`,
      );
    }
    if (
      typeof option !== "object" ||
      option === null ||
      !["string", "number", "boolean"].includes(option.type) ||
      typeof option.description !== "string"
    ) {
      throw invalidModule(
        `${file} declares the option "${name}" without { type: "string" | "number" | "boolean", description: "…" }`,
      );
    }
    if (shared !== undefined && shared.type !== option.type)
      throw invalidModule(`${file} declares the option "${name}" as a ${option.type}, but it is a ${shared.type} for every job`);
  }
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || 32_768 < value)
    throw new InvalidArgumentError("It must be a whole number from 1 to 32768.");
  return value;
}

/** Of what outlives the process: memory does not. */
function storageAddress(text: string): string {
  const schemes = Object.keys(NODE_STORAGES).filter((each) => each !== "memory");
  const scheme = /^([a-z][a-z0-9]*):./.exec(text)?.[1] ?? "";
  if (!schemes.includes(scheme)) throw new InvalidArgumentError(`It must be an address such as file:./ckpt; there is ${schemes.map((each) => `${each}:`).join(", ")}.`);
  return text;
}

function positiveMs(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 10) throw new InvalidArgumentError("It must be a whole number of milliseconds, 10 or more.");
  return value;
}

function finiteNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("It must be a number.");
  return value;
}

function kebab(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
