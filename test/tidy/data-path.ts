import { type Rule, eachSource } from "./rule.ts";
import { type SyntaxNode, childNode, nameOf, walk } from "./syntax.ts";

/** Promises live in what a job's submitter holds; below that, what the world answers comes as mail. */
const FOLDERS = "lib data host metrics time state windows functions operators connectors graph checkpoint runtime".split(" ");

/** Files that must touch a promise, each with the reason. */
const ALLOWED: Readonly<Record<string, string>> = {
  "core/connectors/callback-sink.ts": "a callback of the user may answer by promise; the writer is not ready until then",
  "core/connectors/collection-source.ts": "adapts a ReadableStream of the user to an async iterator",
  "core/connectors/commits.ts": "a committer may answer by promise, which is posted as mail; where it answers at once there is none",
  "core/connectors/sink-operator.ts": "a promise that a writer gives is refused, and what it comes to passed over",
  "core/connectors/column-chunks.ts": "a function of the user may answer with a promise of columns; readers are woken when it has",
  "core/connectors/pulled-ahead.ts": "async iterables of the user answer by promise; each answer is posted as mail",
  "core/host/memory-storage.ts": "it is a storage as platforms have them, with promises; its answers are posted as mail by storage.ts",
  "core/host/records-apart.ts": "the same, made of two others",
  "core/host/storage.ts": "platforms keep bytes behind promises; their answers are posted as mail",
  "core/lib/part.ts": "parts are loaded before a job is made, by the executor",
  "core/runtime/cluster-job.ts": "the client of a job on a cluster, for whoever submitted it",
  "core/runtime/latest-stream.ts": "reports, for whoever submitted the job",
  "core/runtime/result-stream.ts": "results, for whoever submitted the job",
  "core/runtime/submitter-records.ts": "push() is for whoever submitted the job",
  "core/runtime/local-executor.ts": "the job's client: result() and cancel() are for whoever submitted it",
};

const BAD = [
  "export async function run() {}",
  "export const run = async () => 1;",
  "class Op { async processRecord() {} }",
  "const x = await source.next();",
  "const later = new Promise(() => {});",
  "const all = Promise.all(parts);",
  "pending.then(next);",
];

export const dataPath: Rule = {
  title: "nothing on the data path is async",
  check: eachSource(
    FOLDERS.map((folder) => `core/${folder}/`),
    (file, report) => {
      if (Object.hasOwn(ALLOWED, file.path)) return;
      walk(file.program, (node, ancestors) => {
        if (isAsync(node, ancestors.at(-1))) report(node, "the data path runs to completion; what the world answers is posted as mail");
      });
    },
  ),
  refuses: BAD.map((text) => ({ "core/operators/x.ts": text })),
  accepts: [
    { "core/api/client.ts": "export async function result(): Promise<number> { return await answer; }" },
    { "core/operators/x.ts": "export interface Client { result(): Promise<number> } const x = { then: 1 };" },
  ],
};

function isAsync(node: SyntaxNode, parent: SyntaxNode | undefined): boolean {
  if (node["async"] === true || node.type === "AwaitExpression" || (node.type === "ForOfStatement" && node["await"] === true)) return true;
  if (node.type === "Identifier" && nameOf(node) === "Promise") return parent?.type === "MemberExpression" || parent?.type === "NewExpression";
  const callee = node.type === "CallExpression" ? childNode(node, "callee") : undefined;
  return callee?.type === "MemberExpression" && nameOf(childNode(callee, "property")) === "then";
}
