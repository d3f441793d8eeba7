import { JobError } from "../../core/index.ts";
import { EXIT_FAILED, EXIT_USAGE } from "./exit-code.ts";
import { UsageError } from "./job-loader.ts";

const STACK_LINES_MAX = 5;

/** Prints what went wrong, for a person; returns the exit code. */
export function report(cause: unknown): number {
  if (cause instanceof UsageError) {
    process.stderr.write(`error: ${cause.message}\n`);
    return EXIT_USAGE;
  }
  if (!(cause instanceof JobError)) {
    process.stderr.write(`error: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}\n`);
    return EXIT_FAILED;
  }
  process.stderr.write(`error: ${cause.message}\n`);
  const origin = cause.cause;
  if (origin instanceof Error && origin.stack !== undefined) {
    process.stderr.write(`caused by: ${origin.stack.split("\n").slice(0, STACK_LINES_MAX).join("\n")}\n`);
  }
  process.stderr.write(`docs/errors.md explains ${cause.code}.\n`);
  return EXIT_FAILED;
}
