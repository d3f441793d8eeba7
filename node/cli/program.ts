import { createRequire } from "node:module";
import { Command } from "commander";
import { explainCommand } from "./explain-command.ts";
import { report } from "./report.ts";
import { runCommand } from "./run-command.ts";

/** Parses and does what the command line asks for; returns the exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  const { version } = createRequire(import.meta.url)("tamias/package.json") as { version: string };
  let code = 0;
  const onEnd = (ended: number): void => {
    code = ended;
  };
  const program = new Command("tamias")
    .description("Runs stream-processing jobs written with Tamias: event time, keyed state, windows.")
    .version(version)
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError("(tamias --help shows what there is)")
    .addHelpText(
      "after",
      "\nExit codes: 0 done, 1 the job failed, 2 wrong usage, 130 interrupted with Ctrl-C, 143 terminated.\n\n" +
        "Example: tamias run jobs/clicks.ts --input clicks.jsonl --parallelism 2\n",
    );
  program.addCommand(runCommand(onEnd));
  program.addCommand(explainCommand(onEnd));
  try {
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (cause) {
    return report(cause);
  }
}
