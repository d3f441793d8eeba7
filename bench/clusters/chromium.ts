import { type Plugin, build } from "esbuild";
import { CACHED, ISOLATED, pageOf } from "../../scripts/browsers/page-server.ts";
import { type BrowserPages, openPages } from "../browser-pages.ts";
import { ROOT } from "../child-process.ts";

/** Chromium with pages that share memory with their workers, and the jobs that run there. */

const JOBS = ["tumbling", "first-windows", "endless"];

/** Workers have no import maps: there the package is at its address. */
const PACKAGE_ADDRESS: Plugin = {
  name: "package-address",
  setup(bundler) {
    bundler.onResolve({ filter: /^tamias$/ }, () => ({ path: "/dist/core/index.js", external: true }));
    bundler.onResolve({ filter: /^tamias\/web$/ }, () => ({ path: "/dist/web/index.js", external: true }));
  },
};

export async function openChromium(): Promise<BrowserPages> {
  const { outputFiles } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["bench/clusters/page.ts", ...JOBS.map((name) => `bench/clusters/jobs/${name}.ts`)],
    outbase: "bench/clusters",
    outdir: "/",
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    plugins: [PACKAGE_ADDRESS],
    tsconfigRaw: {},
    write: false,
    logLevel: "warning",
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [path, contents]));
  const served = (path: string): ReturnType<typeof pageOf> | undefined => {
    const body = files.get(path);
    return path === "/" ? pageOf("/page.js") : body === undefined ? undefined : { body, headers: CACHED };
  };
  return openPages("Chromium", served, ISOLATED);
}
