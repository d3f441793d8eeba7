import type { Host, Port } from "../core/host/host.ts";
import type { WorkerHandle, Workers } from "../core/host/workers.ts";
import { taskAddress } from "./objects.ts";
import type { TaskPeer } from "./task-object.ts";

/**
 * Starts workers in task objects: each in one that none is in. An object that does not end, because it spins, is left alone, and the next number taken. `life` is what this life of the object has alone: workers of
 * an earlier one may still be ending.
 */
export function taskWorkers(host: Host, life: string, taskAt: (address: string) => TaskPeer): Workers<never> {
  const used = new Set<number>();
  let started = 0;
  return {
    start() {
      let number = 0;
      while (used.has(number)) number += 1;
      used.add(number);
      started += 1;
      const address = taskAddress(number);
      return startIn(host, taskAt(address), { address, line: `${life}/worker-${started}`, onFree: () => used.delete(number) });
    },
  };
}

interface TaskPlace {
  readonly address: string;
  readonly line: string;
  /** Another worker may be started there. */
  readonly onFree: () => void;
}

function startIn(host: Host, task: TaskPeer, { address, line, onFree }: TaskPlace): WorkerHandle {
  const port = host.network.connect!(address, line);
  let reason: string | undefined;
  // It answers only when the object is gone, or when nothing was started there.
  task.startWorker(line).catch((cause: unknown) => {
    reason ??= cause instanceof Error ? cause.message : String(cause);
    port.close();
    onFree();
  });
  return {
    port,
    address,
    get reason() {
      return reason;
    },
    terminate: () => {
      reason ??= "it was terminated";
      task.terminate().catch(() => {});
    },
  };
}

/** Leads jobs in this object, beside whoever submits them. */
export function ownLeaders(host: Host, run: (port: Port) => void): Workers<never> {
  return {
    start() {
      const [own, theirs] = host.network.openLine();
      run(theirs);
      return { port: own, reason: undefined, terminate: () => own.close() };
    },
  };
}
