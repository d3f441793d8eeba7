import { type Manifest, type OperatorManifest, type OperatorSnapshot, type PartInfo, partsOfManifest, type TaskSnapshot } from "../checkpoint/manifest.ts";
import { decodeRecord, encodeRecord } from "../checkpoint/record.ts";
import { graphFingerprint } from "../graph/fingerprint.ts";
import type { JobVertex } from "../graph/job-graph.ts";
import { assert } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { hash128 } from "../lib/hash.ts";
import type { LocalJob, RestorePoint } from "../runtime/local-job.ts";

/** The parts of checkpoints, in memory. Immutable: a name is written once. */
export class MemoryParts {
  readonly #parts = new Map<string, Uint8Array>();

  put(name: string, bytes: Uint8Array): void {
    assert(!this.#parts.has(name), `part ${name} is written once`);
    this.#parts.set(name, bytes);
  }

  get(name: string): Uint8Array {
    const bytes = this.#parts.get(name);
    if (bytes === undefined) throw new JobError("CORRUPT_DATA", `checkpoint part ${name} is missing`);
    return bytes;
  }

  get size(): number {
    return this.#parts.size;
  }
}

interface Pending {
  readonly checkpointId: number;
  /** By uid, then subtask. */
  readonly operators: Map<string, OperatorSnapshot[]>;
  readonly acknowledged: Set<string>;
}

/**
 * Stands in for the checkpoint coordinator: begins checkpoints at the sources of a running job, collects what the subtasks answer, and keeps manifests and
 * parts in memory. It decides nothing by time: a test says when a checkpoint begins and when one is given up.
 */
export class CheckpointDriver {
  readonly parts: MemoryParts;
  readonly #job: LocalJob;
  #nextId: number;
  #pending: Pending | undefined;
  #latest: Uint8Array | undefined;
  #completedCount = 0;

  /** `parts` and `firstId` continue what a driver of an earlier attempt kept. */
  constructor(job: LocalJob, options: { readonly parts?: MemoryParts; readonly firstId?: number } = {}) {
    this.#job = job;
    this.parts = options.parts ?? new MemoryParts();
    this.#nextId = options.firstId ?? 1;
  }

  get nextId(): number {
    return this.#nextId;
  }

  get isPending(): boolean {
    return this.#pending !== undefined;
  }

  get completedCount(): number {
    return this.#completedCount;
  }

  /** Injects barriers at all sources; returns the checkpoint's id. One checkpoint is under way at a time. */
  begin(): number {
    assert(this.#pending === undefined, "one checkpoint is under way at a time");
    const checkpointId = this.#nextId;
    this.#nextId += 1;
    // An enumerator that cannot give its state fails this checkpoint before it has begun anywhere.
    for (const [uid, state] of this.#job.triggerEnumerators(checkpointId)) this.parts.put(enumeratorPart(checkpointId, uid), state);
    this.#pending = { checkpointId, operators: new Map(), acknowledged: new Set() };
    this.#job.trigger({ checkpointId, kind: "checkpoint" }, {
      onTaskSnapshot: (vertex, subtask, barrier, snapshot) => this.#acknowledge(vertex, subtask, barrier.checkpointId, snapshot),
    });
    return checkpointId;
  }

  /** Gives up the checkpoint under way, as a coordinator does on a timeout. */
  abort(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    this.#pending = undefined;
    this.#job.notifyAborted(pending.checkpointId);
  }

  /** The newest completed checkpoint, as a restore reads it: through its encoded manifest. */
  latest(): RestorePoint | undefined {
    if (this.#latest === undefined) return undefined;
    const record = decodeRecord(this.#latest);
    assert(record.kind === "checkpoint", "a checkpoint was written");
    return { manifest: record.manifest, readPart: (part) => this.parts.get(part) };
  }

  #acknowledge(vertex: JobVertex, subtask: number, checkpointId: number, snapshot: TaskSnapshot): void {
    const pending = this.#pending;
    if (pending === undefined || pending.checkpointId !== checkpointId) return;
    pending.acknowledged.add(`${vertex.id}/${subtask}`);
    for (const [uid, operator] of snapshot.operators) {
      const subtasks = pending.operators.get(uid) ?? [];
      subtasks[subtask] = operator;
      pending.operators.set(uid, subtasks);
    }
    const expected = this.#job.graph.vertices.reduce((sum, { parallelism }) => sum + parallelism, 0);
    if (pending.acknowledged.size === expected) this.#complete(pending);
  }

  #complete(pending: Pending): void {
    this.#pending = undefined;
    this.#latest = encodeRecord({ kind: "checkpoint", epoch: 1, manifest: this.#store(pending), blobs: new Map() });
    this.#completedCount += 1;
    this.#job.notifyCompleted(pending.checkpointId);
  }

  #store(pending: Pending): Manifest {
    const { checkpointId } = pending;
    const { graph } = this.#job;
    const operators: Record<string, OperatorManifest> = {};
    const enumerators: Record<string, string> = {};
    for (const vertex of graph.vertices) {
      for (const { uid, node } of vertex.operators) {
        if (node.enumerator !== undefined) enumerators[uid] = enumeratorPart(checkpointId, uid);
        const subtasks = pending.operators.get(uid)!.map(({ keyed, operator, hasState }, subtask) => {
          for (const [name, bytes] of keyed.parts) this.parts.put(name, bytes);
          const operatorPart = `checkpoint-${checkpointId}/${uid}/${subtask}/operator`;
          this.parts.put(operatorPart, operator);
          return { keyed: keyed.handle, operatorPart, hasState };
        });
        operators[uid] = { name: node.name, hasState: true, parallelism: vertex.parallelism, maxParallelism: vertex.maxParallelism, subtasks };
      }
    }
    const described = { checkpointId, jobName: graph.jobName, graphFingerprint: graphFingerprint(graph, {}, ""), operators, enumerators, inFlight: [] };
    const parts = [...partsOfManifest(described)].map((name): [string, PartInfo] => [name, { bytes: this.parts.get(name).length, hash: hash128(this.parts.get(name)) }]);
    return { ...described, parts: Object.fromEntries(parts) };
  }
}

function enumeratorPart(checkpointId: number, uid: string): string {
  return `checkpoint-${checkpointId}/${uid}/enumerator`;
}
