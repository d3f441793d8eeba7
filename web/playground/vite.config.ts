import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** With these a page is cross-origin isolated, and its threads may share memory. */
const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  // The page runs from any folder of any server.
  base: "./",
  plugins: [svelte({ configFile: false, compilerOptions: { runes: true } })],
  resolve: {
    alias: [
      { find: /^tamias$/, replacement: `${root}core/index.ts` },
      { find: /^tamias\/web$/, replacement: `${root}web/index.ts` },
    ],
  },
  // What only the worker imports would be found late, and the page loaded again.
  optimizeDeps: { include: ["comlink", "hyparquet", "hyparquet-compressors"] },
  worker: { format: "es" },
  build: { outDir: `${root}dist-playground`, emptyOutDir: true, target: "es2022", chunkSizeWarningLimit: 1_000 },
  server: { host: "127.0.0.1", headers: ISOLATED, fs: { allow: [root] } },
  preview: { host: "127.0.0.1", headers: ISOLATED },
});
