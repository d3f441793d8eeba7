import { graphFingerprint } from "../graph/fingerprint.ts";
import type { JobGraph } from "../graph/job-graph.ts";
import type { Cancellable } from "../host/host.ts";
import { assert } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { hash128 } from "../lib/hash.ts";
import type { Barrier } from "./barrier.ts";
import { type Manifest, type OperatorManifest, type PartInfo, partsOfManifest, type StoredTaskSnapshot } from "./manifest.ts";
import type { StoredCheckpoint } from "./part-loader.ts";
import { partPrefix } from "./store-names.ts";

/** What is known of a part of an earlier checkpoint. */
export type FindPart = (name: string) => { readonly info: PartInfo; readonly blob: Uint8Array | undefined } | undefined;

/** A checkpoint whose subtasks have not all answered. */
export class PendingCheckpoint {
  readonly barrier: Barrier;
  readonly beganAt: number;
  timer: Cancellable | undefined;
  /** Parts that are new with it. */
  readonly #parts = new Map<string, PartInfo>();
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #enumerators: Record<string, string> = {};
  readonly #graph: JobGraph;
  /** By vertex, then subtask. */
  readonly #answers: (StoredTaskSnapshot | undefined)[][];
  #missing: number;

  constructor(graph: JobGraph, barrier: Barrier, beganAt: number) {
    this.barrier = barrier;
    this.beganAt = beganAt;
    this.#graph = graph;
    this.#answers = graph.vertices.map(({ parallelism }) => new Array<StoredTaskSnapshot | undefined>(parallelism).fill(undefined));
    this.#missing = graph.vertices.reduce((sum, { parallelism }) => sum + parallelism, 0);
  }

  /** States of enumerators go into the record: there is one of each source. */
  addEnumerators(states: ReadonlyMap<string, Uint8Array>, epoch: number): void {
    for (const [uid, bytes] of states) {
      const name = `${partPrefix(epoch, this.barrier.checkpointId)}enumerator-${Object.keys(this.#enumerators).length}`;
      this.#enumerators[uid] = name;
      this.#parts.set(name, { bytes: bytes.length, hash: hash128(bytes) });
      this.#blobs.set(name, bytes);
    }
  }

  /** Returns whether it was the last one. */
  acknowledge(vertex: number, subtask: number, stored: StoredTaskSnapshot): boolean {
    const answers = this.#answers[this.#graph.vertices.findIndex(({ id }) => id === vertex)]!;
    assert(answers[subtask] === undefined, "a subtask answers a barrier once");
    answers[subtask] = stored;
    for (const [name, info] of stored.parts) this.#parts.set(name, info);
    for (const [name, bytes] of stored.blobs) this.#blobs.set(name, bytes);
    this.#missing -= 1;
    return this.#missing === 0;
  }

  /** What was written for it. */
  get newParts(): Iterable<string> {
    return this.#parts.keys();
  }

  get answers(): readonly StoredTaskSnapshot[] {
    return this.#answers.flat().filter((answer) => answer !== undefined);
  }

  get progress(): string {
    const total = this.#answers.reduce((sum, { length }) => sum + length, 0);
    const late = this.#graph.vertices.flatMap(({ operators }, vertex) =>
      this.#answers[vertex]!.flatMap((answer, subtask) => (answer === undefined ? [`"${operators.map(({ node }) => node.name).join(" -> ")}" ${subtask + 1}/${this.#answers[vertex]!.length}`] : [])),
    );
    return `${total - this.#missing} of ${total} subtasks have answered, not ${late.slice(0, 5).join(", ")}${5 < late.length ? ` and ${late.length - 5} more` : ""}`;
  }

  /** @throws JobError CHECKPOINT_FAILED where it builds on a part that is no longer there. */
  complete(find: FindPart): StoredCheckpoint {
    const { jobName, vertices } = this.#graph;
    const operators: Record<string, OperatorManifest> = {};
    vertices.forEach(({ operators: chained, parallelism, maxParallelism }, vertex) => {
      for (const { uid, node } of chained) {
        const subtasks = this.#answers[vertex]!.flatMap((answer) => answer?.operators.filter(([of]) => of === uid) ?? []).map(([, handle]) => handle);
        operators[uid] = { name: node.name, hasState: subtasks.some(({ hasState }) => hasState), parallelism, maxParallelism, subtasks };
      }
    });
    const described: Omit<Manifest, "parts"> = {
      checkpointId: this.barrier.checkpointId,
      jobName,
      graphFingerprint: graphFingerprint(this.#graph, {}, ""),
      operators,
      enumerators: this.#enumerators,
      inFlight: [],
    };
    const parts: Record<string, PartInfo> = {};
    const blobs = new Map<string, Uint8Array>();
    for (const name of [...partsOfManifest(described)].sort()) {
      const info = this.#parts.get(name);
      const part = info === undefined ? find(name) : { info, blob: this.#blobs.get(name) };
      if (part === undefined) throw new JobError("CHECKPOINT_FAILED", `checkpoint ${this.barrier.checkpointId} builds on the part ${name} of an earlier one that is not kept any more`);
      parts[name] = part.info;
      if (part.blob !== undefined) blobs.set(name, part.blob);
    }
    return { manifest: { ...described, parts }, blobs };
  }
}
