import { builtPlayground } from "../../../scripts/browsers/built-playground.ts";
import { type PageServer, ISOLATED, servePages } from "../../../scripts/browsers/page-server.ts";

/** Serves the playground as it is built in every way that its tests need, each under a folder of its own. */
export async function servePlayground(): Promise<PageServer> {
  const files = await builtPlayground("playground-test");
  return servePages((path) => {
    const [, folder = "", name = ""] = /^\/([^/]+)\/(.*)$/.exec(path) ?? [];
    const file = files.get(name === "" ? "index.html" : name);
    if (file === undefined) return undefined;
    if (folder === "isolated") return { ...file, headers: { ...file.headers, ...ISOLATED } };
    if (folder === "without-flights" && name.endsWith(".parquet")) return undefined;
    if (folder === "without-job" && name.includes("flights-worker")) return undefined;
    if (folder === "dying-engine" && name.includes("engine-worker")) return { ...file, body: DYING };
    return file;
  });
}

/** Takes the first call, and dies of it. */
const DYING = `self.onmessage = () => { throw new Error("the engine is out of memory"); };`;
