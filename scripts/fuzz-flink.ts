import { writeFileSync } from "node:fs";
import process from "node:process";
import { parseArgs } from "node:util";
import { Prng } from "../core/lib/prng.ts";
import "../test/all-parts.ts";
import { type FlinkAnswer, type FlinkGoldenCase, type FlinkWindowCase, comparable } from "../test/operators/flink-window-case.ts";
import { randomFlinkCase } from "../test/operators/flink-window-generator.ts";
import { EXECUTIONS, answerOf } from "../test/operators/flink-window-run.ts";
import { FlinkOracle } from "./flink-oracle.ts";

/**
 * `npm run fuzz:flink -- --seed N --cases M [--oracle DIR] [--record FILE]`: differential fuzzing against real Apache Flink
 * (needs Java).
 *
 * Random window cases go to Flink and to our window operator, over both kinds of panes and as lists and sliced aggregates; the
 * rows of each step must be equal as multisets, and so must the watermarks. The oracle is found by `--oracle` or the environment
 * variable TAMIAS_FLINK_ORACLE; its protocol is in flink-oracle.ts. `--record` writes a varied selection of the cases, with
 * Flink's answers, to a file of golden cases.
 */
const USAGE = "usage: npm run fuzz:flink -- --seed N --cases M [--oracle DIR] [--record FILE]";
const CHUNK_CASES = 200;
const REPORTED_MAX = 5;
const RECORDED_CASES = 500;

interface Options {
  readonly seed: number;
  readonly cases: number;
  readonly oracle: string;
  readonly record: string | undefined;
}

async function main(): Promise<number> {
  const options = optionsOf();
  if (options === undefined) {
    console.error(USAGE);
    return 2;
  }
  const oracle = new FlinkOracle(options.oracle);
  const prng = new Prng(options.seed);
  const agreed: FlinkGoldenCase[] = [];
  const counts = { cases: 0, rows: 0, refused: 0, differing: 0 };
  while (counts.cases < options.cases && counts.differing < REPORTED_MAX) {
    const size = Math.min(CHUNK_CASES, options.cases - counts.cases);
    const cases = Array.from({ length: size }, (_, index) => randomFlinkCase(`${options.seed}-${counts.cases + index}`, prng));
    const answers = await oracle.ask(cases);
    for (const [index, input] of cases.entries()) {
      const answer = answers[index]!;
      const difference = differenceOf(input, answer);
      counts.cases += 1;
      counts.rows += answer.out.length;
      if (answer.error !== undefined) counts.refused += 1;
      if (difference === undefined) agreed.push({ ...input, ...answered(answer) });
      else if (counts.differing++ < REPORTED_MAX) console.log(`${JSON.stringify(input)}\n${difference}\n`);
    }
  }
  oracle.close();
  if (options.record !== undefined) writeFileSync(options.record, varied(agreed).join(""));
  console.log(
    `seed ${options.seed}: ${counts.cases} cases, ${counts.rows} rows, ${counts.refused} refused by both, ${counts.differing} differ`,
  );
  return counts.differing === 0 ? 0 : 1;
}

function optionsOf(): Options | undefined {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { seed: text, cases: text, oracle: text, record: text } });
  const oracle = values.oracle ?? process.env["TAMIAS_FLINK_ORACLE"];
  const [seed, cases] = [Number(values.seed ?? 1), Number(values.cases ?? 1000)];
  if (oracle === undefined || !Number.isSafeInteger(seed) || !Number.isSafeInteger(cases)) return undefined;
  return { seed, cases, oracle, record: values.record };
}

/** Undefined where every execution of ours agrees with Flink. */
function differenceOf(input: FlinkWindowCase, expected: FlinkAnswer): string | undefined {
  for (const execution of EXECUTIONS) {
    const actual = answerOf(input, execution);
    if ((actual.error === undefined) !== (expected.error === undefined)) {
      return `${execution.name}: Flink ${expected.error ?? "takes it"}\n  we: ${actual.error ?? "take it"}`;
    }
    const [theirs, ours] = [comparable(expected.out), comparable(actual.out)];
    if (theirs.join("\n") === ours.join("\n")) continue;
    const missing = theirs.filter((line) => !ours.includes(line));
    const added = ours.filter((line) => !theirs.includes(line));
    return `${execution.name}: Flink\n    ${missing.join("\n    ")}\n  we\n    ${added.join("\n    ")}`;
  }
  return undefined;
}

function answered({ out, error }: FlinkAnswer): Pick<FlinkAnswer, "out" | "error"> {
  return error === undefined ? { out } : { out, error: "refused" };
}

/** Lines of the shortest cases of each sort, all sorts in turn. */
function varied(cases: readonly FlinkGoldenCase[]): string[] {
  const sorts = new Map<string, string[]>();
  for (const each of cases) sorts.set(sortOf(each), [...(sorts.get(sortOf(each)) ?? []), `${JSON.stringify(each)}\n`]);
  const queues = [...sorts.values()].map((lines) => lines.sort((a, b) => a.length - b.length));
  const chosen: string[] = [];
  for (let rank = 0; chosen.length < Math.min(RECORDED_CASES, cases.length); rank += 1) {
    for (const queue of queues) {
      if (rank < queue.length && chosen.length < RECORDED_CASES) chosen.push(queue[rank]!);
    }
  }
  return chosen;
}

/** What happens in a case, as far as it matters for variety; of those where little happens, few are of use. */
function sortOf({ assigner, lateness, feed, out, error }: FlinkGoldenCase): string {
  const windows = out.filter((row) => row[1] === "out").map((row) => JSON.stringify(row[2].slice(0, 3)));
  return JSON.stringify([
    assigner.type,
    assigner.offset !== undefined,
    lateness !== undefined,
    feed.some((step) => "snapshot" in step),
    feed.some((step) => "end" in step),
    Math.min(2, Math.floor(windows.length / 3)),
    new Set(windows).size < windows.length,
    out.some((row) => row[1] === "late"),
    error,
  ]);
}

process.exitCode = await main();
