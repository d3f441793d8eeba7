import type { Storage } from "../host/storage.ts";
import type { JobError } from "../lib/errors.ts";
import { hash128 } from "../lib/hash.ts";
import type { Barrier } from "./barrier.ts";
import type { OperatorHandle, PartInfo, StoredTaskSnapshot, TaskSnapshot } from "./manifest.ts";
import { partPrefix, partsPrefix } from "./store-names.ts";

/** Smaller parts go into the record of their checkpoint: one write in place of many. As Flink's `state.storage.fs.memory-threshold`. */
export const BLOB_BYTES_MAX = 20 * 1024;

/** Whose snapshot it is. */
export interface SnapshotPlace {
  /** Of the job; part of the names of parts. */
  readonly attempt: number;
  readonly vertex: number;
  readonly subtask: number;
}

/** Writes the parts of snapshots before anybody is told of them. */
export class SnapshotWriter {
  readonly #storage: Storage | undefined;
  readonly #folder: string;

  /** @param storage undefined: everything goes into the records of checkpoints */
  constructor(storage: Storage | undefined, folder: string) {
    this.#storage = storage;
    this.#folder = folder;
  }

  /** A savepoint is one file, so all of its parts are blobs. One of the two is called, once. */
  write(place: SnapshotPlace, barrier: Barrier, snapshot: TaskSnapshot, onStored: (stored: StoredTaskSnapshot) => void, onFailure: (error: JobError) => void): void {
    const { operators, parts } = laidOut(place, barrier, snapshot);
    const storage = this.#storage;
    const isBlob = (bytes: Uint8Array): boolean => storage === undefined || barrier.kind !== "checkpoint" || bytes.length < BLOB_BYTES_MAX;
    const stored: StoredTaskSnapshot = {
      operators,
      parts: [...parts].map(([name, bytes]): [string, PartInfo] => [name, { bytes: bytes.length, hash: hash128(bytes) }]),
      blobs: [...parts].filter(([, bytes]) => isBlob(bytes)),
      alignmentMs: snapshot.alignmentMs,
      syncMs: snapshot.syncMs,
    };
    const large = [...parts].filter(([, bytes]) => !isBlob(bytes));
    let left = large.length;
    if (left === 0) return onStored(stored);
    let hasFailed = false;
    for (const [name, bytes] of large) {
      storage?.putIfAbsent(
        partsPrefix(this.#folder) + name,
        bytes,
        // Its name is of this attempt and this checkpoint alone: where it is there already, an earlier try of the same write has put it there.
        () => {
          left -= 1;
          if (left === 0 && !hasFailed) onStored(stored);
        },
        (error) => {
          if (!hasFailed) onFailure(error);
          hasFailed = true;
        },
      );
    }
  }
}

function laidOut({ attempt, vertex, subtask }: SnapshotPlace, { checkpointId }: Barrier, snapshot: TaskSnapshot) {
  const parts = new Map<string, Uint8Array>();
  const operators: [string, OperatorHandle][] = [];
  for (const [uid, { keyed, operator, hasState }] of snapshot.operators) {
    const operatorPart = `${partPrefix(attempt, checkpointId)}${vertex}.${subtask}.${operators.length}-operator`;
    parts.set(operatorPart, operator);
    for (const [name, bytes] of keyed.parts) parts.set(name, bytes);
    operators.push([uid, { keyed: keyed.handle, operatorPart, hasState }]);
  }
  return { operators, parts };
}
