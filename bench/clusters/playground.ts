import { build } from "esbuild";
import { builtPlayground } from "../../scripts/browsers/built-playground.ts";
import { ISOLATED } from "../../scripts/browsers/page-server.ts";
import { type BrowserPages, openPages } from "../browser-pages.ts";
import { ROOT } from "../child-process.ts";

/** Chromium with the playground, which a script handles as a person would: with `?rate=…` it starts the job and counts frames. */
export async function openPlayground(): Promise<BrowserPages> {
  const files = await builtPlayground("playground-bench");
  const { outputFiles } = await build({ absWorkingDir: ROOT, entryPoints: ["bench/clusters/playground-frames.ts"], bundle: true, format: "esm", platform: "browser", target: "es2023", tsconfigRaw: {}, write: false, logLevel: "warning" });
  const [frames] = outputFiles;
  return openPages(
    "Chromium",
    (path) => {
      if (path === "/frames.js") return { body: frames!.contents };
      const file = files.get(path === "/" ? "index.html" : path.slice(1));
      if (path !== "/" || file === undefined) return file;
      return { ...file, body: `${file.body.toString()}<script type="module" src="/frames.js"></script>` };
    },
    ISOLATED,
  );
}
