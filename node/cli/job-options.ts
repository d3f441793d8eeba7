import { Command, InvalidArgumentError, Option } from "commander";
import type { JobArgs, JobOption } from "../../core/index.ts";

/** What the command line itself takes for a job, beside the options that the job module declares. */
export interface RunOptions {
  readonly parallelism: number | undefined;
  readonly metrics: string | undefined;
  readonly args: JobArgs;
}

/** Options that every job has. `--input` and `--json` are for the job: it finds them in its args. */
export function addJobOptions(command: Command, declared: Readonly<Record<string, JobOption>>): Command {
  command
    .option("--input <file>", "what the job reads; each job says what it takes and its default")
    .option("--json", "machine-readable output")
    .option("--parallelism <n>", "subtasks per operator", positiveInteger)
    .option("--metrics <file>", "write the metrics there, as Prometheus text, every second and at the end");
  for (const [name, { type, description }] of Object.entries(declared)) {
    const flags = type === "boolean" ? `--${kebab(name)}` : `--${kebab(name)} <${type}>`;
    const option = new Option(flags, description);
    if (type === "number") option.argParser(finiteNumber);
    command.addOption(option);
  }
  return command;
}

/** What can be read of the options before the job's module is imported; what the module declares is passed over. */
export function peekOptions(rest: readonly string[], early: Readonly<Record<string, unknown>>): RunOptions {
  const parser = addJobOptions(new Command(), {}).helpOption(false).allowUnknownOption().allowExcessArguments().exitOverride();
  parser.parse([...rest], { from: "user" });
  return readOptions({ ...early, ...parser.opts() });
}

/** Parses strictly: an option that neither the command nor the job knows is refused. */
export function parseJobOptions(
  name: string,
  declared: Readonly<Record<string, JobOption>>,
  rest: readonly string[],
  early: Readonly<Record<string, unknown>>,
): RunOptions {
  const parser = addJobOptions(new Command(name), declared).showHelpAfterError().exitOverride();
  parser.parse([...rest], { from: "user" });
  return readOptions({ ...early, ...parser.opts() });
}

function readOptions(values: Readonly<Record<string, unknown>>): RunOptions {
  const { parallelism, metrics, ...args } = values;
  return {
    parallelism: typeof parallelism === "number" ? parallelism : undefined,
    metrics: typeof metrics === "string" ? metrics : undefined,
    args: args as JobArgs,
  };
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1 || 32_768 < value) throw new InvalidArgumentError("It must be a whole number from 1 to 32768.");
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
