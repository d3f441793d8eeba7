import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { outcomeInNode } from "../web/outcome-in-node.ts";
import type { JobOutcome } from "../web/pages/windowed-job.ts";
import { type EdgeServer, serveWorker } from "../../scripts/workerd.ts";

let server: EdgeServer;
beforeAll(async () => {
  server = await serveWorker(fileURLToPath(new URL("worker/wrangler.json", import.meta.url)));
}, 120_000);
afterAll(() => server?.close());

test.each([
  ["wasm", "WebAssembly"],
  ["js", "JavaScript"],
])("workerd gives what Node gives, bit for bit (%s)", async (asked, kernel) => {
  const response = await fetch(`${server.origin}/?kernel=${asked}`);
  expect(response.status).toBe(200);
  expect((await response.json()) as JobOutcome).toEqual({ ...(await outcomeInNode()), kernel });
});
