/** Any thread of a cluster is terminated in the middle of what it does: those that run subtasks, and the one that leads the job. */
import { expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";
import { threadVictim } from "../../scripts/kill/thread.ts";
import { problemsOf, randomKills, RESULTS } from "../../scripts/kill/victim.ts";

test("a cluster whose threads are terminated has each result once in the end", async () => {
  const victim = await threadVictim();
  const { results: expected } = await victim.run([]);
  expect(new Set(expected).size).toBe(RESULTS);
  for (const seed of [1, 2, 3, 4]) expect([seed, ...problemsOf(await victim.run(randomKills(new Prng(seed))), expected)]).toEqual([seed]);
});
