import type { Storage } from "../host/storage.ts";
import { JobError } from "../lib/errors.ts";
import { hash128 } from "../lib/hash.ts";
import type { Manifest } from "./manifest.ts";
import { partsPrefix } from "./store-names.ts";

/** Parts are up to 4 MB: so many are read at a time. */
const READS_MAX = 8;

/** A checkpoint or savepoint as it was read back, before its parts are. */
export interface StoredCheckpoint {
  readonly manifest: Manifest;
  /** Parts that its record holds. */
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads parts of a checkpoint and verifies each. One of the two is called, once.
 *
 * What is missing or damaged is CORRUPT_DATA, of which the name tells; STORAGE_FAILED says nothing about the checkpoint.
 */
export function loadPartsOf(
  { manifest, blobs }: StoredCheckpoint,
  from: { readonly storage: Storage; readonly folder: string } | undefined,
  names: Iterable<string>,
  onLoaded: (parts: ReadonlyMap<string, Uint8Array>) => void,
  onFailure: (error: JobError) => void,
): void {
  const waiting = [...names];
  const parts = new Map<string, Uint8Array>();
  let reading = 0;
  let isOver = false;
  const fail = (error: JobError): void => {
    if (!isOver) onFailure(error);
    isOver = true;
  };
  const took = (name: string, bytes: Uint8Array | undefined): void => {
    const damage = bytes === undefined ? `its part ${name} is missing` : damageOf(name, bytes, manifest);
    if (bytes !== undefined && damage === undefined) parts.set(name, bytes);
    else fail(new JobError("CORRUPT_DATA", `checkpoint ${manifest.checkpointId} of the job "${manifest.jobName}" is damaged: ${damage}`));
  };
  const readOn = (): void => {
    while (!isOver && reading < READS_MAX && 0 < waiting.length) {
      const name = waiting.pop()!;
      const blob = blobs.get(name);
      if (blob !== undefined || from === undefined) {
        took(name, blob);
        continue;
      }
      reading += 1;
      from.storage.get(
        partsPrefix(from.folder) + name,
        (bytes) => {
          reading -= 1;
          took(name, bytes);
          readOn();
        },
        fail,
      );
    }
    if (isOver || 0 < reading || 0 < waiting.length) return;
    isOver = true;
    onLoaded(parts);
  };
  readOn();
}

function damageOf(name: string, bytes: Uint8Array, { parts }: Manifest): string | undefined {
  const info = parts[name];
  if (info === undefined) return `it does not list its part ${name}`;
  if (bytes.length !== info.bytes) return `its part ${name} has ${bytes.length} bytes, and ${info.bytes} were written`;
  if (hash128(bytes) !== info.hash) return `its part ${name} does not have the hash that was written with it`;
  return undefined;
}
