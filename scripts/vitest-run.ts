import { relative } from "node:path";
import process from "node:process";
import { type TestCase, type TestModule, type TestSuite, startVitest } from "vitest/node";
import { ROOT } from "./type-check.ts";

/** What came of a run of tests. Everything that is not passed is named in one of the lists. */
export interface TestCounts {
  passed: number;
  readonly failed: string[];
  readonly skipped: string[];
}

/**
 * Runs the test files whose path contains one of `filters` (all, if there are none) and reports on standard output while they run. What goes wrong outside of
 * a test (a file that does not load, a failing hook, an error that nobody caught) counts as a failure too.
 */
export async function runTests(filters: readonly string[]): Promise<TestCounts> {
  const counts: TestCounts = { passed: 0, failed: [], skipped: [] };
  const vitest = await startVitest([...filters], { root: ROOT, watch: false, run: true, reporters: ["default"], allowOnly: false });
  const modules = vitest.state.getTestModules();
  for (const module of modules) countModule(module, counts);
  for (const error of vitest.state.getUnhandledErrors()) counts.failed.push(`outside of any test: ${messageOf(error)}`);
  await vitest.close();
  // Vitest sets the exit code for reasons of its own; ours comes from the counts.
  process.exitCode = 0;
  if (modules.length === 0) counts.failed.push(`no test file has ${filters.join(" or ")} in its path`);
  return counts;
}

function countModule(module: TestModule, counts: TestCounts): void {
  const file = relative(ROOT, module.moduleId);
  noteErrors(module, file, counts);
  for (const suite of module.children.allSuites()) noteErrors(suite, `${file} › ${suite.fullName}`, counts);
  let tests = 0;
  for (const test of module.children.allTests()) {
    countTest(test, `${file} › ${test.fullName}`, counts);
    tests += 1;
  }
  if (tests === 0 && module.errors().length === 0) counts.failed.push(`${file}: holds no test`);
}

function noteErrors(owner: TestModule | TestSuite, name: string, counts: TestCounts): void {
  for (const error of owner.errors()) counts.failed.push(`${name}: ${messageOf(error)}`);
}

function countTest(test: TestCase, name: string, counts: TestCounts): void {
  const { state } = test.result();
  if (state === "passed") counts.passed += 1;
  else if (state === "skipped") counts.skipped.push(name);
  // Pending means that the run ended before its turn came.
  else counts.failed.push(state === "failed" ? name : `${name}: did not run`);
}

function messageOf(error: unknown): string {
  const message = typeof error === "object" && error !== null && "message" in error ? String(error.message) : String(error);
  return message.split("\n", 1)[0]!;
}
