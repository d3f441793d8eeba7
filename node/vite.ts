import { mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { hash128 } from "../core/lib/hash.ts";

type WorkerFormat = "es" | "iife";

/** What Vite calls of a plugin; its own types say the same and more, and are not needed to be installed. */
export interface TamiasPlugin {
  readonly name: string;
  config(config: { readonly worker?: { readonly format?: WorkerFormat } }): {
    readonly optimizeDeps: { include: string[] };
    readonly worker: { readonly format: WorkerFormat; readonly plugins: () => TamiasPlugin[] };
  };
  configResolved(config: { readonly cacheDir: string }): void;
  transform(this: { parse(code: string): unknown }, code: string, id: string): { code: string; map: null } | undefined;
}

/**
 * Lets `cluster.submit(new URL("./job.ts", import.meta.url))` run as it stands under Vite, which else takes the address for that of a file to be copied as it is: the
 * plugin makes a worker of the job and the engine, bundled together as Vite bundles workers, and puts it in the place of the address.
 *
 * @example
 * ```text
 * // vite.config.ts
 * import { defineConfig } from "vite";
 * import { tamias } from "tamias/vite";
 *
 * export default defineConfig({ plugins: [tamias()] });
 * ```
 */
export function tamias(): TamiasPlugin {
  let folder = "";
  return {
    name: "tamias",
    config: ({ worker }) => ({
      // Found in a worker only, they would make the development server load the page again.
      optimizeDeps: { include: ["tamias", "tamias/web"] },
      // Modules load the parts of the engine that a job needs, and may await at their top. Jobs are submitted in workers too.
      worker: { format: worker?.format ?? "es", plugins: () => [tamias()] },
    }),
    configResolved({ cacheDir }) {
      folder = join(cacheDir, "tamias");
    },
    transform(code, id) {
      const [file = id] = id.split("?", 1);
      if (file.includes("/node_modules/") || !MAY_SUBMIT.test(code)) return undefined;
      const jobs = submittedJobs(code, (text) => this.parse(text));
      if (jobs.length === 0) return undefined;
      return { code: withWorkers(code, jobs, (job) => workerOf(resolve(dirname(file), job), folder)), map: null };
    },
  };
}

const MAY_SUBMIT = /\bsubmit\s*\(\s*new\s+URL\b/;

/** Where a job is named in the code. */
interface NamedJob {
  readonly path: string;
  readonly start: number;
  readonly end: number;
}

/** What the plugin reads of a node of the syntax tree. */
interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

/** None where the code is no JavaScript, or not yet: then a plugin behind this one makes it. */
function submittedJobs(code: string, parse: (code: string) => unknown): readonly NamedJob[] {
  const found: NamedJob[] = [];
  try {
    walk(parse(code), (node) => {
      const job = submittedJob(node);
      if (job !== undefined) found.push(job);
    });
  } catch {
    return [];
  }
  return found;
}

/** The job of `….submit(new URL("./job.ts", import.meta.url), …)`. */
function submittedJob(node: SyntaxNode): NamedJob | undefined {
  const callee = node["callee"] as SyntaxNode | undefined;
  if (node.type !== "CallExpression" || (callee?.["property"] as SyntaxNode | undefined)?.["name"] !== "submit") return undefined;
  const [address] = node["arguments"] as readonly SyntaxNode[];
  if (address?.type !== "NewExpression" || (address["callee"] as SyntaxNode)["name"] !== "URL") return undefined;
  const [path, base] = address["arguments"] as readonly SyntaxNode[];
  const isOfModule = base?.type === "MemberExpression" && (base["object"] as SyntaxNode).type === "MetaProperty";
  const value = path?.["value"];
  if (!isOfModule || typeof value !== "string" || !/^\.{1,2}\//.test(value)) return undefined;
  return { path: value, start: address.start, end: address.end };
}

function walk(node: unknown, visit: (node: SyntaxNode) => void): void {
  if (typeof node !== "object" || node === null) return;
  if ("type" in node) visit(node as SyntaxNode);
  for (const child of Object.values(node)) walk(child, visit);
}

/** Lines stay where they are; imports and functions hold from the top of the module. */
function withWorkers(code: string, jobs: readonly NamedJob[], workerFile: (job: string) => string): string {
  let [text, tail, at] = ["", "", 0];
  for (const [index, { path, start, end }] of jobs.entries()) {
    text += `${code.slice(at, start)}__tamiasJob${index}`;
    tail += `\nimport __TamiasWorker${index} from ${JSON.stringify(`${workerFile(path)}?worker`)};`;
    tail += `\nfunction __tamiasJob${index}() { return new __TamiasWorker${index}(); }`;
    at = end;
  }
  return text + code.slice(at) + tail;
}

/** Writes the worker's module of a job into the cache, and gives its path. */
function workerOf(job: string, folder: string): string {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${basename(job, extname(job))}-${hash128(new TextEncoder().encode(job)).slice(0, 8)}.js`);
  const from = JSON.stringify(relative(folder, job).replaceAll("\\", "/"));
  writeFileSync(file, `import * as job from ${from};\nimport { serveJob } from "tamias/web";\n\nserveJob(job);\n`);
  return file.replaceAll("\\", "/");
}
