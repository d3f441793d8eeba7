import { JobError } from "../lib/errors.ts";
import type { KeyedSnapshot, KeyedStateHandle } from "../state/snapshot.ts";

/** State of one operator subtask at a checkpoint: a handle on its keyed state, with the new parts, and its operator state. */
export interface OperatorSnapshot {
  readonly keyed: KeyedSnapshot;
  readonly operator: Uint8Array;
}

/** What one subtask answers to a barrier: a snapshot for each operator of its chain, by uid. */
export interface TaskSnapshot {
  readonly operators: ReadonlyMap<string, OperatorSnapshot>;
  /** Records that a checkpoint took over in flight; always empty while barriers are aligned. */
  readonly inFlight: readonly Uint8Array[];
}

/**
 * A complete checkpoint as data: where every operator's state lies. Plain JSON; the bytes are in parts, which are immutable.
 */
export interface Manifest {
  readonly version: 0;
  readonly checkpointId: number;
  readonly jobName: string;
  readonly graphFingerprint: string;
  readonly operators: { readonly [uid: string]: OperatorManifest };
  /** Split enumerators of sources, by the uid of the source: the name of the part that holds each. */
  readonly enumerators: { readonly [uid: string]: string };
  /** Place for in-flight data of unaligned checkpoints. */
  readonly inFlight: readonly string[];
}

export interface OperatorManifest {
  readonly parallelism: number;
  readonly maxParallelism: number;
  /** By subtask. */
  readonly subtasks: readonly { readonly keyed: KeyedStateHandle; readonly operatorPart: string }[];
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(manifest));
}

/** @throws JobError CORRUPT_DATA where the bytes are no manifest that this version reads. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  let manifest: unknown;
  try {
    manifest = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new JobError("CORRUPT_DATA", "the checkpoint's manifest is not readable JSON", { cause });
  }
  if (typeof manifest !== "object" || manifest === null || (manifest as { version?: unknown }).version !== 0) {
    throw new JobError("CORRUPT_DATA", "the checkpoint's manifest has another version than 0: it was written by a newer Tamias or damaged");
  }
  return manifest as Manifest;
}
