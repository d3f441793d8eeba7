import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { KERNEL_FILE } from "../../scripts/kernel-sources.ts";
import { type PageServer, type Served, pageOf, servePages } from "../../scripts/browsers/page-server.ts";
import { BROWSER_NAMES, type TestBrowser, launchBrowser } from "../../scripts/browsers/test-browser.ts";
import { bundledPage, outcomeInNode, wholePage } from "./outcome-in-node.ts";

/** Real browsers load the built package from a server, and the kernel with it. */

const WITHOUT_WASM = { "content-security-policy": "script-src 'self' 'unsafe-inline'" };
const WITH_WASM = { "content-security-policy": "script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'" };

const expected = outcomeInNode();
let server: PageServer;
beforeAll(async () => {
  const program = await bundledPage("kernel-page");
  const kernel = readFileSync(KERNEL_FILE);
  const [whole, imported] = await wholePage("imported-kernel-page");
  const served: Readonly<Record<string, Served>> = {
    "/": pageOf("/page.js"),
    "/strict": pageOf("/page.js", WITHOUT_WASM),
    "/strict-with-wasm": pageOf("/page.js", WITH_WASM),
    "/page.js": { body: program },
    "/imported": pageOf("/whole.js"),
    "/whole.js": { body: whole!.contents },
    [imported!.path]: { body: imported!.contents },
    "/untyped": { body: kernel, headers: { "content-type": "application/octet-stream" } },
    "/page-for-everything": { body: "<!doctype html>", headers: { "content-type": "text/html" } },
    "/damaged.wasm": { body: kernel.subarray(0, 1_000) },
  };
  server = await servePages((path) => served[path]);
});
afterAll(() => server?.close());

describe.each(BROWSER_NAMES)("%s", (name) => {
  let browser: TestBrowser;
  beforeAll(async () => {
    browser = await launchBrowser(name);
  }, 120_000);
  afterAll(() => browser?.close());

  test.each([
    ["the kernel beside the package", "/?kernel=wasm", "WebAssembly"],
    ["a kernel from a server that does not know the type", "/?kernel=wasm&url=/untyped", "WebAssembly"],
    ["a kernel that esbuild has imported as a file", "/imported", "WebAssembly"],
    ["a kernel that the page has compiled", "/?kernel=module&url=/untyped", "WebAssembly"],
    ["the kernel under a policy that allows it", "/strict-with-wasm?kernel=wasm", "WebAssembly"],
    ["no kernel", "/?kernel=js", "JavaScript"],
    ["no kernel under a policy that forbids code from strings and WebAssembly", "/strict?kernel=js", "JavaScript"],
  ])("gives what Node gives, bit for bit, with %s", async (_title, path, kernel) => {
    expect(await browser.outcomeOf(server.origin + path)).toEqual({ ...(await expected), kernel });
  });

  test.each([
    ["/?kernel=wasm&url=/nowhere.wasm", "/nowhere.wasm answers 404; put dist/wasm/tamias-kernel.wasm of the package there"],
    ["/?kernel=wasm&url=/page-for-everything", "is no WebAssembly module (the server answers with text/html)"],
    ["/?kernel=wasm&url=/damaged.wasm", "/damaged.wasm cannot be compiled: "],
    ["/?kernel=wasm&url=http://127.0.0.1:1/kernel.wasm", "http://127.0.0.1:1/kernel.wasm cannot be fetched"],
    // WebKit compiles under such a policy.
    ...(name === "WebKit" ? [] : [["/strict?kernel=wasm", "forbids WebAssembly; add 'wasm-unsafe-eval'"] as const]),
  ] as const)("%s is refused with what to do", async (path, message) => {
    const outcome = await browser.outcomeOf(server.origin + path);
    expect(outcome).toContain("KERNEL_UNAVAILABLE");
    expect(outcome).toContain(message);
  });

  test("anything but an address or a module is refused", async () => {
    expect(await browser.outcomeOf(`${server.origin}/?kernel=bytes&url=/untyped`)).toContain("[INVALID_ARGUMENT] loadKernelModule takes the address of tamias/kernel.wasm, or the module");
  });
});
