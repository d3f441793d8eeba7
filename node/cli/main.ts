#!/usr/bin/env node
import { EXIT_USAGE } from "./exit-code.ts";

/** Type stripping without a flag came with it. */
const OLDEST_NODE = [22, 18] as const;

/** The command line. An older Node could not even load the rest of it, so the rest is imported behind the check. */
async function main(): Promise<void> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor < OLDEST_NODE[1])) {
    process.stderr.write(
      `error: tamias needs Node ${OLDEST_NODE.join(".")} or newer to run TypeScript; this is Node ${process.versions.node}. ` +
        '"npm install --save-dev node@24" brings one that npx takes.\n',
    );
    process.exitCode = EXIT_USAGE;
    return;
  }
  const { runProgram } = await import("./program.ts");
  const code = await runProgram(process.argv.slice(2));
  await Promise.all([written(process.stdout), written(process.stderr)]);
  // What a job's module has left running (timers, servers) does not keep a job that has ended.
  process.exit(code);
}

/** Resolves when everything written so far has left the process, or never can. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write("", () => resolve());
  });
}

await main();
