/** A tab closed and opened again goes on: so it does when the browser has died in the middle of a write. */
import { expect, test } from "vitest";
import { Prng } from "../../core/lib/prng.ts";
import { browserVictim } from "../../scripts/kill/browser.ts";
import { problemsOf, randomKills, RESULTS } from "../../scripts/kill/victim.ts";

test.each(["Chromium", "Firefox"] as const)("%s is killed, and opened again its page goes on: each result is there once", async (name) => {
  const victim = await browserVictim(name);
  try {
    const { results: expected } = await victim.run([]);
    expect(new Set(expected).size).toBe(RESULTS);
    for (const seed of [1, 2]) expect([seed, ...problemsOf(await victim.run(randomKills(new Prng(seed))), expected)]).toEqual([seed]);
  } finally {
    await victim.close();
  }
}, 240_000);
