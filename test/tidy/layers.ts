import type { Finding, Rule } from "./rule.ts";
import type { Import, SourceFile } from "./source-tree.ts";

/** The layers of core/, each of which knows only itself and those before it. */
const LAYERS = [
  "lib",
  "data",
  "host",
  "metrics",
  "time",
  "state",
  "windows",
  "functions",
  "operators",
  "connectors",
  "graph",
  "checkpoint",
  "runtime",
  "api",
  "cep",
  "sql",
  "testing",
];
/** They build graphs only, so that a graph can be built where nothing can run it. */
const GRAPH_BUILDERS = new Set(["api", "cep", "sql"]);
const ENGINE = new Set(["checkpoint", "runtime"]);
const PLATFORMS = new Set(["web", "edge", "node"]);
/** Formats of data, and storages, that need a package; they run everywhere, and platforms build on them. */
const PORTABLE = new Set(["formats", "storages"]);
/** Edge workers import it as a module; the other platforms load it. */
const KERNEL = "wasm/tamias-kernel.wasm";
/** A page that uses the package, and no part of it. */
const PLAYGROUND = "web/playground/";
/** The host of a job that runs in place stands among the hosts; index.ts and the environment it exports tie everything together. */
const PLACE_OF_FILE: Readonly<Record<string, string>> = {
  "core/local-host.ts": "host",
  "core/local-environment.ts": "index",
  "core/cluster.ts": "index",
  "core/worker.ts": "index",
  "core/index.ts": "index",
};

export const layers: Rule = {
  title: "core's layers keep their order, core has no dependencies, platforms do not know each other",
  check: ({ sources }) => sources.flatMap((file) => file.imports.flatMap((imported) => findings(file, imported))),
  refuses: [
    { "core/lib/heap.ts": 'import type { Type } from "../data/type.ts";' },
    { "core/lib/heap.ts": 'export * from "../time/timers.ts";' },
    { "core/lib/heap.ts": 'export type Late = import("../time/timers.ts").Timers;' },
    { "core/api/environment.ts": 'import type { Task } from "../runtime/task.ts";' },
    { "core/state/x.ts": 'import { createLocalHost } from "../index.ts";' },
    { "core/lib/heap.ts": 'import { parse } from "csv-parse";' },
    { "core/lib/heap.ts": 'const fs = await import("node:fs");' },
    { "core/lib/heap.ts": "const fs = await import(`node:${name}`);" },
    { "core/runtime/task.ts": 'import { run } from "../../node/index.ts";' },
    { "core/unheard/task.ts": 'import { run } from "./other.ts";' },
    { "node/index.ts": 'import { openStore } from "../web/store.ts";' },
    { "node/index.ts": 'import { check } from "../test/check.ts";' },
    { "formats/parquet/index.ts": 'import { openFile } from "../../node/files.ts";' },
    { "storages/s3/index.ts": 'import { parquetSource } from "../../formats/parquet/index.ts";' },
    { "examples/job.ts": 'import { Task } from "../core/runtime/task.ts";' },
    { "web/playground/src/x.ts": 'import { Task } from "../../../core/runtime/task.ts";' },
    { "web/index.ts": 'export { Engine } from "./playground/src/engine.ts";' },
  ],
  accepts: [
    { "core/data/type.ts": 'import { assert } from "../lib/assert.ts"; import { other } from "./other.ts";' },
    { "core/index.ts": 'export { run } from "./runtime/task.ts"; import { createLocalHost } from "./local-host.ts";' },
    { "edge/kernel-module.ts": 'import module from "../wasm/tamias-kernel.wasm";' },
    { "node/index.ts": 'import { readFile } from "node:fs"; import { Task } from "../core/runtime/task.ts";' },
    { "node/index.ts": 'import { parquetSource } from "../formats/parquet/index.ts"; import { read } from "hyparquet";' },
    { "examples/job.ts": 'import { seconds } from "tamias"; import { part } from "./part.ts";' },
    { "web/playground/src/x.ts": 'import { seconds } from "tamias"; import { job } from "../../../examples/job.ts"; import { part } from "./part.ts";' },
    { "test/web/x.test.ts": 'import { part } from "../../web/playground/src/part.ts";' },
  ],
};

function findings(file: SourceFile, imported: Import): Finding[] {
  const message = refusal(file.path, imported);
  return message === undefined ? [] : [{ path: file.path, line: imported.line, message }];
}

function refusal(path: string, { specifier, path: target }: Import): string | undefined {
  const [top = ""] = path.split("/", 1);
  if (target === undefined) return top === "core" ? `core has no dependencies, but this imports "${specifier}"` : undefined;
  const [targetTop = ""] = target.split("/", 1);
  if (path.startsWith(PLAYGROUND)) return playgroundRefusal(target, targetTop);
  if (target.startsWith(PLAYGROUND) && top !== "test") return `the playground uses the package, which must not know it: not ${target}`;
  if (top === "core") return targetTop === "core" ? layerRefusal(path, target) : `core must not import ${target}`;
  if (top === "examples") return targetTop === "examples" ? undefined : `an example imports Tamias as its users do, by name, not ${target}`;
  if (PORTABLE.has(top) && targetTop !== top && targetTop !== "core") return `${top}/ may import core/ and itself, not ${target}`;
  if (PLATFORMS.has(top) && targetTop !== top && targetTop !== "core" && !PORTABLE.has(targetTop) && target !== KERNEL) return `${top}/ may import core/, formats/, storages/ and itself, not ${target}`;
  return undefined;
}

function playgroundRefusal(target: string, targetTop: string): string | undefined {
  if (target.startsWith(PLAYGROUND) || targetTop === "examples" || targetTop === "node_modules") return undefined;
  return `the playground imports Tamias as its users do, by name, not ${target}`;
}

function layerRefusal(path: string, target: string): string | undefined {
  const from = placeOf(path);
  const to = placeOf(target);
  const rank = LAYERS.indexOf(from);
  if (from === "index") return undefined;
  if (rank === -1) return `${from}/ is no layer of core; test/tidy/layers.ts lists them`;
  if (from === to) return undefined;
  if (GRAPH_BUILDERS.has(from) && ENGINE.has(to)) return `${from}/ builds graphs and never imports ${to}/`;
  const targetRank = LAYERS.indexOf(to);
  return targetRank !== -1 && targetRank < rank ? undefined : `${from}/ must not import ${target}: it is a later layer`;
}

/** The layer a file of core counts to. */
function placeOf(path: string): string {
  return PLACE_OF_FILE[path] ?? path.split("/")[1]!;
}
