import { jobFolder } from "../checkpoint/store-names.ts";
import type { Host } from "../host/host.ts";
import type { JobError } from "../lib/errors.ts";
import { openStorage } from "./job-recovery.ts";
import { asJobError } from "./task.ts";

/** Keeps a savepoint where it is to lie, if anywhere. One of the two is called, once. */
export function storeSavepoint(
  bytes: Uint8Array,
  to: { readonly directory: string | undefined; readonly jobName: string; readonly host: Host },
  onStored: (path: string | undefined) => void,
  onFailure: (error: JobError) => void,
): void {
  const { directory, jobName, host } = to;
  if (directory === undefined) return onStored(undefined);
  try {
    const storage = openStorage(directory, host);
    const name = `savepoint-${jobFolder(jobName)}-${Math.floor(host.random.next() * 2 ** 48).toString(16).padStart(12, "0")}`;
    storage.putIfAbsent(
      name,
      bytes,
      () => {
        storage.close();
        onStored(`${directory.replace(/\/+$/, "")}/${name}`);
      },
      onFailure,
    );
  } catch (cause) {
    onFailure(asJobError(cause));
  }
}
