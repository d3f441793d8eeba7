import { defineConfig } from "vitest/config";

const source = (path: string): string => new URL(path, import.meta.url).pathname;

export default defineConfig({
  resolve: {
    alias: [
      { find: /^tamias$/, replacement: source("./core/index.ts") },
      { find: /^tamias\/testing$/, replacement: source("./core/testing/index.ts") },
      { find: /^tamias\/node$/, replacement: source("./node/index.ts") },
      { find: /^tamias\/arrow$/, replacement: source("./formats/arrow/index.ts") },
      { find: /^tamias\/parquet$/, replacement: source("./formats/parquet/index.ts") },
      { find: /^tamias\/s3$/, replacement: source("./storages/s3/index.ts") },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/all-parts.ts"],
    testTimeout: 120_000,
    maxWorkers: 2,
  },
});
