/**
 * Stands in for vitest where a suite runs inside workerd: it keeps the tests that are declared, and notes what they expect. The values go to the test runner,
 * whose own matchers judge them there.
 */
export interface Expectation {
  readonly value: unknown;
  readonly matcher: string;
  readonly args: readonly unknown[];
}

const tests = new Map<string, () => unknown>();
const expectations: Expectation[] = [];

export function test(name: string, run: () => unknown): void {
  tests.set(name, run);
}

export function expect(value: unknown): object {
  return new Proxy({}, { get: (_none, matcher) => (...args: unknown[]) => void expectations.push({ value, matcher: String(matcher), args }) });
}

export function testNames(): string[] {
  return [...tests.keys()];
}

/** One at a time. */
export async function runTest(name: string): Promise<Expectation[]> {
  expectations.length = 0;
  await tests.get(name)!();
  return expectations.splice(0);
}
