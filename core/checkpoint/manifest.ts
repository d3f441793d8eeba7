import type { KeyedSnapshot, KeyedStateHandle } from "../state/snapshot.ts";

/** State of one operator subtask at a checkpoint: a handle on its keyed state, with the new parts, and its operator state. */
export interface OperatorSnapshot {
  readonly keyed: KeyedSnapshot;
  readonly operator: Uint8Array;
  /** Whether there is anything of the operator in it, apart from how far its subtask has read. */
  readonly hasState: boolean;
}

/** What one subtask answers to a barrier: a snapshot for each operator of its chain, by uid. */
export interface TaskSnapshot {
  readonly operators: ReadonlyMap<string, OperatorSnapshot>;
  /** Records that a checkpoint took over in flight; always empty while barriers are aligned. */
  readonly inFlight: readonly Uint8Array[];
  /** How long its channels waited for the last barrier. */
  readonly alignmentMs: number;
  /** How long it took to take it, while nothing else of the subtask went on. */
  readonly syncMs: number;
}

/** What is known of a part without reading it. */
export interface PartInfo {
  readonly bytes: number;
  /** `hash128` of it. */
  readonly hash: string;
}

/** Where the state of one operator subtask lies. */
export interface OperatorHandle {
  readonly keyed: KeyedStateHandle;
  readonly operatorPart: string;
  readonly hasState: boolean;
}

/** A `TaskSnapshot` whose parts are stored, but for small ones, which go into the record of the checkpoint. Plain data. */
export interface StoredTaskSnapshot {
  readonly operators: readonly (readonly [uid: string, OperatorHandle])[];
  /** Those that are new with it. */
  readonly parts: readonly (readonly [name: string, PartInfo])[];
  /** Of the small ones among them, the bytes. */
  readonly blobs: readonly (readonly [name: string, bytes: Uint8Array])[];
  readonly alignmentMs: number;
  readonly syncMs: number;
}

/**
 * A complete checkpoint as data: where every operator's state lies. The bytes are in parts, which are immutable.
 */
export interface Manifest {
  readonly checkpointId: number;
  readonly jobName: string;
  readonly graphFingerprint: string;
  readonly operators: { readonly [uid: string]: OperatorManifest };
  /** Split enumerators of sources, by the uid of the source: the name of the part that holds each. */
  readonly enumerators: { readonly [uid: string]: string };
  /** Place for in-flight data of unaligned checkpoints. */
  readonly inFlight: readonly string[];
  /** Everything that the handles point into, by name. */
  readonly parts: { readonly [name: string]: PartInfo };
}

export interface OperatorManifest {
  /** What errors call it. */
  readonly name: string;
  /** Whether a job that lacks the operator would lose anything. */
  readonly hasState: boolean;
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** By subtask. */
  readonly subtasks: readonly OperatorHandle[];
}

/** The parts that the state of an operator subtask lies in. */
export function partsOfHandle({ keyed, operatorPart }: OperatorHandle): Set<string> {
  const names = new Set([operatorPart]);
  for (const { base, deltas } of keyed.groups) {
    for (const { part } of base) names.add(part);
    for (const delta of deltas) for (const { part } of delta) names.add(part);
  }
  return names;
}

/** All parts that a checkpoint needs. */
export function partsOfManifest({ operators, enumerators, inFlight }: Omit<Manifest, "parts">): Set<string> {
  const names = new Set([...Object.values(enumerators), ...inFlight]);
  for (const { subtasks } of Object.values(operators)) {
    for (const handle of subtasks) for (const name of partsOfHandle(handle)) names.add(name);
  }
  return names;
}
