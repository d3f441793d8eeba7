import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
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
  transform(this: TransformContext, code: string, id: string): { code: string; map: null } | undefined;
}

/** What Vite gives to it. */
interface TransformContext {
  parse(code: string): unknown;
  /** From the code as it is now to the file as it was written. */
  getCombinedSourcemap(): unknown;
  warn(message: string): void;
  error(message: string): never;
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
      const { jobs, unreadable } = submittedJobs(code, (text) => this.parse(text));
      const place = ({ start }: { readonly start: number }): string => `${file}:${lineOf(code, start, this.getCombinedSourcemap())}`;
      for (const address of unreadable) this.warn(`${place(address)}: ${UNREADABLE}`);
      for (const job of jobs) {
        const missing = resolve(dirname(file), job.path);
        if (extname(missing) !== "" && !existsSync(missing)) this.error(`${place(job)}: cluster.submit names a job that is not there, ${missing}: write its path as it is seen from this file`);
      }
      if (jobs.length === 0) return undefined;
      return { code: withWorkers(code, jobs, (job) => workerOf(resolve(dirname(file), job), folder)), map: null };
    },
  };
}

const MAY_SUBMIT = /\bsubmit\s*\(\s*new\s+URL\b/;

const UNREADABLE =
  "the plugin of tamias/vite cannot read the address that cluster.submit is given, so the job will not run: write a path in quotes that begins with a dot, as in " +
  'cluster.submit(new URL("./job.ts", import.meta.url)), or give submit a function that makes a worker';

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
function submittedJobs(code: string, parse: (code: string) => unknown): { readonly jobs: readonly NamedJob[]; readonly unreadable: readonly SyntaxNode[] } {
  const jobs: NamedJob[] = [];
  const unreadable: SyntaxNode[] = [];
  try {
    walk(parse(code), (node) => {
      const address = submittedAddress(node);
      if (address === undefined) return;
      const path = (address["arguments"] as readonly SyntaxNode[])[0]?.["value"];
      if (typeof path === "string" && /^\.{1,2}\//.test(path)) jobs.push({ path, start: address.start, end: address.end });
      else unreadable.push(address);
    });
  } catch {
    return { jobs: [], unreadable: [] };
  }
  return { jobs, unreadable };
}

/** The address in `….submit(new URL(…, import.meta.url), …)`. */
function submittedAddress(node: SyntaxNode): SyntaxNode | undefined {
  const callee = node["callee"] as SyntaxNode | undefined;
  if (node.type !== "CallExpression" || (callee?.["property"] as SyntaxNode | undefined)?.["name"] !== "submit") return undefined;
  const [address] = node["arguments"] as readonly SyntaxNode[];
  if (address?.type !== "NewExpression" || (address["callee"] as SyntaxNode)["name"] !== "URL") return undefined;
  const [, base] = address["arguments"] as readonly SyntaxNode[];
  const isOfModule = base?.type === "MemberExpression" && (base["object"] as SyntaxNode).type === "MetaProperty";
  return isOfModule ? address : undefined;
}

/** The number, from 1, of the line that it was in the file. */
function lineOf(code: string, position: number, map: unknown): number {
  const before = code.slice(0, position).split("\n");
  const entry = new SourceMap(map as SourceMapPayload).findEntry(before.length - 1, before.at(-1)?.length ?? 0);
  return ("originalLine" in entry ? entry.originalLine : before.length - 1) + 1;
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
    text += `${code.slice(at, start)}Object.assign(__tamiasJob${index}, { module: ${JSON.stringify(path)} })`;
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
  writeFileSync(file, `import { serveJob } from "tamias/web";\n\nserveJob(() => import(${from}));\n`);
  return file.replaceAll("\\", "/");
}
