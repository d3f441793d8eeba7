import process from "node:process";
import { parseArgs } from "node:util";
import { Prng } from "../core/lib/prng.ts";
import { browserVictim } from "./kill/browser.ts";
import { nodeVictim } from "./kill/node.ts";
import { threadVictim } from "./kill/thread.ts";
import { workerdVictim } from "./kill/workerd.ts";
import { problemsOf, randomKills, RESULTS, type Victim } from "./kill/victim.ts";

/**
 * `npm run kill -- --what node|thread|chromium|firefox|workerd --runs N [--seed S]`: runs a job with checkpoints, kills what runs it at moments that the seed chooses, up to three times, starts it again, and compares what the
 * exactly-once sink holds at the end with what a run leaves that nobody kills. Run i has the seed S + i. The seed decides the moments as far as one can from outside: which of the things that happen
 * meanwhile are cut in two is up to the machine.
 */
const VICTIMS: Readonly<Record<string, () => Victim | Promise<Victim>>> = {
  node: nodeVictim,
  thread: threadVictim,
  chromium: () => browserVictim("Chromium"),
  workerd: workerdVictim,
  firefox: () => browserVictim("Firefox"),
};
/** On a busy machine the job may be done before this process has a turn to kill it. */
const TRIES_MAX = 3;
const USAGE = `usage: npm run kill -- --what ${Object.keys(VICTIMS).join("|")} --runs N [--seed S]`;

async function main(): Promise<number> {
  const text = { type: "string" } as const;
  const { values } = parseArgs({ options: { what: text, runs: text, seed: text } });
  const [runs, firstSeed] = [Number(values.runs ?? 50), Number(values.seed ?? 1)];
  const open = VICTIMS[values.what ?? ""];
  if (open === undefined || !Number.isSafeInteger(runs) || runs < 1 || !Number.isSafeInteger(firstSeed)) {
    console.error(USAGE);
    return 2;
  }
  const victim = await open();
  try {
    const { results: expected, problems } = await victim.run([]);
    if (expected.length !== RESULTS || 0 < problems.length) throw new Error(`a run that nobody kills gives ${expected.length} results in place of ${RESULTS}: ${problems.join("; ")}`);
    let failed = 0;
    for (let seed = firstSeed; seed < firstSeed + runs; seed += 1) if (!(await runOf(victim, { seed, expected, what: String(values.what) }))) failed += 1;
    console.log(`${runs - failed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    await victim.close();
  }
}

interface Numbered {
  readonly seed: number;
  readonly expected: readonly string[];
  readonly what: string;
}

/** Returns whether it passed. */
async function runOf(victim: Victim, { seed, expected, what }: Numbered): Promise<boolean> {
  const kills = randomKills(new Prng(seed));
  let report = await victim.run(kills);
  for (let again = 1; report.kills.length === 0 && again < TRIES_MAX; again += 1) report = await victim.run(kills);
  const problems = problemsOf(report, expected);
  const moments = report.kills.map((committed) => `${committed} of ${RESULTS}`).join(", ");
  console.log(`${problems.length === 0 ? "passed" : "FAILED"}  seed ${seed}: killed at ${moments} results`);
  for (const problem of problems) console.log(`        ${problem}`);
  if (0 < problems.length) console.log(`        npm run kill -- --what ${what} --runs 1 --seed ${seed}`);
  return problems.length === 0;
}

// So that what has been started is ended too.
process.once("SIGINT", () => process.exit(130));
process.exitCode = await main();
