import { loadPartsOf } from "../checkpoint/part-loader.ts";
import { corrupt, type JobError } from "../lib/errors.ts";
import type { AttemptStart } from "./job-recovery.ts";
import type { RestorePoint } from "./subtasks.ts";

/** Reads the parts of what an attempt begins from, if it does from anything. One of the two is called, once. */
export function loadRestorePoint(
  { restore, storage, folder }: Pick<AttemptStart, "restore" | "storage" | "folder">,
  parts: Iterable<string>,
  onLoaded: (point: RestorePoint | undefined) => void,
  onFailure: (error: JobError) => void,
): void {
  if (restore === undefined) return onLoaded(undefined);
  const from = storage === undefined || !restore.isOwn ? undefined : { storage, folder };
  loadPartsOf(
    restore,
    from,
    parts,
    (loaded) => {
      const readPart = (name: string): Uint8Array => {
        const bytes = loaded.get(name);
        if (bytes === undefined) throw corrupt(`the part ${name} of the checkpoint is missing`);
        return bytes;
      };
      onLoaded({ manifest: restore.manifest, readPart, isOwn: restore.isOwn });
    },
    onFailure,
  );
}
