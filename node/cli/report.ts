import { findPackageJSON } from "node:module";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { CommanderError } from "commander";
import { JobError } from "../../core/index.ts";
import { EXIT_FAILED, EXIT_USAGE } from "./exit-code.ts";

const FRAMES_MAX = 5;
/** Where the package lies, however its modules are bundled. */
const PACKAGE = dirname(findPackageJSON(import.meta.url) ?? ".");
/** The package brings its documents along; shown from where the user stands. */
const ERRORS_PAGE = relative(process.cwd(), join(PACKAGE, "docs", "errors.md"));
/** The folder of the built package: its frames tell the writer of a job nothing. */
const OWN_FOLDER = pathToFileURL(join(PACKAGE, "dist/")).href;

/** Wrong usage that was found after the command line was parsed. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Prints what went wrong, for a person, on standard error; returns the exit code. */
export function report(cause: unknown): number {
  // Commander has printed it already; asking for help or the version comes here too.
  if (cause instanceof CommanderError) return cause.exitCode === 0 ? 0 : EXIT_USAGE;
  process.stderr.write(`error: ${describe(cause)}\n`);
  return cause instanceof UsageError ? EXIT_USAGE : EXIT_FAILED;
}

function describe(cause: unknown): string {
  if (cause instanceof UsageError) return cause.message;
  if (cause instanceof JobError) return describeJobError(cause);
  if (!(cause instanceof Error)) return `the job threw ${String(cause)}, which is no Error`;
  return `${traceOf(cause).replace(/^Error(?: \[\w+\])?: /, "")}${advice(cause)}`;
}

function describeJobError(error: JobError): string {
  const origin = error.cause;
  // A broken promise of ours is for us to find: there every frame counts.
  const trace = !(origin instanceof Error) ? "" : error.code === "INTERNAL" ? `\ncaused by: ${origin.stack}` : userFrames(origin);
  return `${error.message}${trace}\n${ERRORS_PAGE} explains ${error.code}.`;
}

/** The frames of the user's own code, on lines of their own. */
function userFrames(error: Error): string {
  const { frames } = splitStack(error);
  return frames.length === 0 ? "" : `\n${frames.join("\n")}`;
}

function traceOf(error: Error): string {
  const { head, frames } = splitStack(error);
  return [head, ...frames].join("\n");
}

/** The text above the frames (for a syntax error that is the place in the file), and the frames that lie in code of the user. */
function splitStack(error: Error): { readonly head: string; readonly frames: readonly string[] } {
  const lines = (error.stack ?? `${error.name}: ${error.message}`).split("\n");
  const firstFrame = lines.findIndex(isFrame);
  if (firstFrame < 0) return { head: lines.join("\n").trim(), frames: [] };
  const frames = lines.slice(firstFrame).filter((line) => isFrame(line) && !isForeignFrame(line));
  return { head: lines.slice(0, firstFrame).join("\n").trim(), frames: frames.slice(0, FRAMES_MAX) };
}

function isFrame(line: string): boolean {
  return /^ {4}at /.test(line);
}

function isForeignFrame(line: string): boolean {
  return line.includes("node:") || line.includes(OWN_FOLDER) || line.includes("/node_modules/") || line.includes("<anonymous>)");
}

function advice(error: Error): string {
  const code = "code" in error ? error.code : undefined;
  if (code === "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") {
    return (
      "\nJobs run by having their types stripped, not compiled: " +
      "write an object with `as const` for an enum, a module for a namespace, fields for parameter properties."
    );
  }
  return "";
}
