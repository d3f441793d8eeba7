import type { Port } from "./host.ts";

/** Who can start workers of a host. Only who started a worker can end it. `Script` is what the host makes a worker of. */
export interface Workers<Script> {
  /** A worker of this script; of the package's own, which imports the module of a job by its address, where none is given. */
  start(script: Script | undefined): WorkerHandle;
}

/** A worker that was started. */
export interface WorkerHandle {
  /** Leads to the worker, and closes when it is gone, whatever the cause. Closed here, it ends the worker. */
  readonly port: Port;
  /** Where `Network.connect` finds it, on hosts whose ports cannot be carried. */
  readonly address?: string;
  /** Why it is gone, where the platform says it; known when `port` closes. */
  readonly reason: string | undefined;
  /** Ends it at once, also where it spins. */
  terminate(): void;
  /** Whether the process must stay for it, where processes end by themselves (Node); it need not, from the start. */
  setBusy?(isBusy: boolean): void;
}
