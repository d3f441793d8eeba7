import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { KERNEL_BYTES_GZIPPED_MAX, KERNEL_FILE, KERNEL_STAMP, kernelStamp } from "../../scripts/kernel-sources.ts";

test("the committed kernel is built from the committed sources: otherwise run `npm run build:wasm`", () => {
  expect(readFileSync(KERNEL_STAMP, "utf8")).toBe(kernelStamp());
});

test("the kernel is small enough for a page", () => {
  expect(gzipSync(readFileSync(KERNEL_FILE), { level: 9 }).length).toBeLessThanOrEqual(KERNEL_BYTES_GZIPPED_MAX);
});
