/** workerd is killed with all of its objects, and served again. */
import { expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";
import { problemsOf, randomKills, RESULTS } from "../../scripts/kill/victim.ts";
import { workerdVictim } from "../../scripts/kill/workerd.ts";

test("a worker whose runtime is killed has each result once in the end", async () => {
  const victim = workerdVictim();
  const { results: expected } = await victim.run([]);
  expect(new Set(expected).size).toBe(RESULTS);
  for (const seed of [2, 3]) expect([seed, ...problemsOf(await victim.run(randomKills(new Prng(seed))), expected)]).toEqual([seed]);
});
