import { expect, test } from "vitest";
import { bundleSizeOfReadme } from "../../bench/bundle-size.ts";

/** Kilobytes, gzipped. Lower it when it can be; raising it needs a reason in docs/performance.md. */
const LOADED_KB_MAX = 70;

test("what a page loads for the first job of the README stays small", async () => {
  const { gzippedBytes, otherGzippedBytes } = await bundleSizeOfReadme();
  expect(gzippedBytes / 1e3).toBeLessThan(LOADED_KB_MAX);
  // What it does not use is there and is not loaded: the exchange, kernels, sessions, functions with state, snapshots.
  expect(otherGzippedBytes / 1e3).toBeGreaterThan(30);
});
