#!/usr/bin/env node
import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { explainCommand } from "./explain-command.ts";
import { EXIT_USAGE } from "./exit-code.ts";
import { runCommand } from "./run-command.ts";

const OLDEST_NODE = [22, 18] as const;

/** The command line. Sets the exit code instead of exiting, so that output is written to its end. */
async function main(argv: readonly string[]): Promise<void> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    process.stderr.write(`tamias needs Node ${OLDEST_NODE.join(".")} or newer to run TypeScript jobs; this is ${process.versions.node}. "npm i -D node@24" brings one.\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const { version } = createRequire(import.meta.url)("tamias/package.json") as { version: string };
  const program = new Command("tamias")
    .description("Runs stream-processing jobs written with Tamias: event time, keyed state, windows.")
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError("(tamias --help shows what there is)")
    .addHelpText("after", "\nExit codes: 0 done, 1 the job failed, 2 wrong usage, 130 interrupted with Ctrl-C.\n");
  program.addCommand(runCommand().exitOverride());
  program.addCommand(explainCommand().exitOverride());
  try {
    await program.parseAsync(argv, { from: "user" });
  } catch (cause) {
    if (!(cause instanceof CommanderError)) throw cause;
    process.exitCode = cause.exitCode === 0 ? 0 : EXIT_USAGE;
  }
}

await main(process.argv.slice(2));
