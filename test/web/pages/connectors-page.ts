import { loadParts } from "../../../core/lib/part.ts";
import { ALL_PARTS } from "../../../core/testing/all-parts.ts";
import { JOB_CASES, LOG_CASES, SINK_CASES } from "./connector-cases.ts";

/** By its title: what each case gave, or why it gave nothing, and what it was to give. */
async function main(): Promise<Readonly<Record<"given" | "expected", Readonly<Record<string, unknown>>>>> {
  await loadParts(ALL_PARTS);
  const given: Record<string, unknown> = {};
  const expectations: Record<string, unknown> = {};
  for (const { title, expected, run } of [...SINK_CASES, ...LOG_CASES, ...JOB_CASES]) {
    expectations[title] = expected;
    try {
      given[title] = await run(title);
    } catch (error) {
      given[title] = String(error);
    }
  }
  return { given, expected: expectations };
}

Object.assign(globalThis, { outcome: main() });
