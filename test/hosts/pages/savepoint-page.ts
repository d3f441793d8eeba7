import type { ClusterJobClient, JobArgs } from "tamias";
import { WebCluster } from "tamias/web";

/** A page with a link that downloads a savepoint, and a field that takes one. */

const ENOUGH = 100;

async function submit(args: JobArgs, savepoint?: Uint8Array): Promise<ClusterJobClient> {
  const cluster = new WebCluster({ workers: 2, heartbeatTimeoutMs: 60_000 });
  return cluster.submit("/jobs/paced-totals.ts", args, { configuration: savepoint === undefined ? {} : { "execution.state-recovery.path": savepoint } });
}

/** Stops the job in the middle, and gives what it has said until then. The savepoint is downloaded. */
async function down(args: JobArgs): Promise<readonly unknown[]> {
  const client = await submit(args);
  const results: unknown[] = [];
  let stopped: ReturnType<ClusterJobClient["stopWithSavepoint"]> | undefined;
  for await (const batch of client.results("results")) {
    results.push(...batch);
    if (ENOUGH <= results.length) stopped ??= client.stopWithSavepoint();
  }
  const { bytes } = await stopped!;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
  link.download = "totals.savepoint";
  link.click();
  return results;
}

/** Goes on from the file that the field has, and gives what the job says from then on. */
async function up(args: JobArgs): Promise<readonly unknown[]> {
  const [file] = field.files!;
  const client = await submit(args, new Uint8Array(await file!.arrayBuffer()));
  const results: unknown[] = [];
  for await (const batch of client.results("results")) results.push(...batch);
  await client.result();
  return results;
}

const field = document.createElement("input");
field.type = "file";
document.body.append(field);
Object.assign(globalThis, { down, up });
