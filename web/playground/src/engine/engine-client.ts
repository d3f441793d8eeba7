import { transfer, type Remote } from "comlink";
import type { Engine } from "./engine.ts";
import { lendWorkers } from "./lent-workers.ts";
import { wrapWorker, type WrappedWorker } from "./wrapped-worker.ts";

/** The engine in a worker of its own. `onEnd` tells that it is gone, and why: another must be started. */
export function startEngine(onEnd: (error: Error) => void): WrappedWorker<Engine> {
  const worker = new Worker(new URL("./engine-worker.ts", import.meta.url), { type: "module", name: "tamias engine" });
  const { port1, port2 } = new MessageChannel();
  const endWorkers = lendWorkers(port1, () => new Worker(new URL("../jobs/flights-worker.ts", import.meta.url), { type: "module", name: "tamias worker" }));
  const engine = wrapWorker<Engine>(worker, (error) => {
    endWorkers();
    onEnd(error);
  });
  // Where it fails, so does every call after it.
  engine.remote.takeWorkersFrom(transfer(port2, [port2])).catch(() => undefined);
  return engine;
}

export type EngineRemote = Remote<Engine>;
