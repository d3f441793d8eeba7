import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { isBuilt } from "./built-package.ts";
import { checkTypes } from "./type-check.ts";
import { type TestCounts, runTests } from "./vitest-run.ts";

/**
 * `npm test [-- PATH…]`: types, the built package, then every test, or those whose path contains one of the arguments. The last line of standard output is
 * `N passed, N failed`, with `, N skipped` where any was; what failed or was skipped is listed by name above it.
 */
async function main(filters: readonly string[]): Promise<number> {
  const types = checkTypes();
  const built = build();
  const tests = await runTests(filters);
  list("skipped", tests.skipped);
  list("failed", failures(types.failed, built, tests));
  const passed = types.passed + (built ? 1 : 0) + tests.passed;
  const failed = types.failed + (built ? 0 : 1) + tests.failed.length;
  const skipped = tests.skipped.length === 0 ? "" : `, ${tests.skipped.length} skipped`;
  console.log(`${passed} passed, ${failed} failed${skipped}`);
  return failed === 0 ? 0 : 1;
}

/** Examples and command line are tested as users get them, so the package must be built from the sources of now. */
function build(): boolean {
  const script = fileURLToPath(new URL("build.ts", import.meta.url));
  const built = isBuilt() || spawnSync(process.execPath, [script], { stdio: ["ignore", "inherit", "inherit"] }).status === 0;
  console.log(` ${built ? "✓" : "✗"} the built package is up to date`);
  return built;
}

function failures(typesFailed: number, built: boolean, tests: TestCounts): string[] {
  const before = typesFailed === 0 ? [] : [`types: ${typesFailed} of the TypeScript projects (their errors are at the top)`];
  if (!built) before.push("build: dist/ (its errors are at the top)");
  return [...before, ...tests.failed];
}

function list(title: string, names: readonly string[]): void {
  if (names.length > 0) console.log(`${title}:\n${names.map((name) => `  ${name}`).join("\n")}`);
}

process.exitCode = await main(process.argv.slice(2));
