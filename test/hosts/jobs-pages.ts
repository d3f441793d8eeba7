import { fileURLToPath } from "node:url";
import { type Served, ISOLATED, pageOf, servePages } from "../../scripts/browsers/page-server.ts";
import { bundledForWorker, bundledPage } from "../web/outcome-in-node.ts";

/** Whether pages are cross-origin isolated. */
export type Isolation = "plain" | "isolated";

export interface JobsPages {
  readonly origins: Readonly<Record<Isolation, string>>;
  close(): Promise<unknown>;
}

/** Serves pages that run jobs, and what else is at a path, at an origin where they are cross-origin isolated and at one where they are not. */
export async function serveJobsPages(others: Readonly<Record<string, Served>> = {}): Promise<JobsPages> {
  const served = new Map<string, Served>(Object.entries(others));
  served.set("/endless-worker.js", { body: await workerModule('import { serveJob } from "tamias/web"; import * as job from "./jobs/endless.ts"; serveJob(job);') });
  for (const job of ["flights", "log-analysis", "random-job", "paced-totals"]) served.set(`/jobs/${job}.ts`, { body: await jobModule(job), headers: { "content-type": "text/javascript" } });
  served.set("/jobs/shared-sums.ts", { body: await workerModule('export * from "./pages/shared-sums.ts";'), headers: { "content-type": "text/javascript" } });
  for (const page of ["jobs-page", "trouble-page", "shared-page", "savepoint-page"]) {
    served.set(`/${page}.js`, { body: await bundledPage(`../../hosts/pages/${page}`) });
    served.set(`/${page}`, pageOf(`/${page}.js`));
  }
  const [plain, isolated] = await Promise.all([servePages((path) => served.get(path)), servePages((path) => served.get(path), ISOLATED)]);
  return { origins: { plain: plain.origin, isolated: isolated.origin }, close: () => Promise.all([plain.close(), isolated.close()]) };
}

/** The job as it is, but that its workers tell of the rings that they make. */
function jobModule(job: string): Promise<string> {
  return workerModule(`import { countRings } from "./pages/count-rings.ts"; countRings(); export * from "./jobs/${job}.ts";`);
}

function workerModule(contents: string): Promise<string> {
  return bundledForWorker({ stdin: { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)) } });
}
