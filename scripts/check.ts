import process from "node:process";
import { checkTypes } from "./type-check.ts";
import { runTests } from "./vitest-run.ts";

/** `npm run check`: what can be known without running the engine: types and house style. */
async function main(): Promise<number> {
  const types = checkTypes();
  const style = await runTests(["test/tidy.test.ts"]);
  return types.failed + style.failed.length === 0 ? 0 : 1;
}

process.exitCode = await main();
