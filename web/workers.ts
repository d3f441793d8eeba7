import type { Host } from "../core/host/host.ts";
import { portOf } from "../core/host/message-port.ts";
import type { WorkerHandle, Workers } from "../core/host/workers.ts";
import { JobError } from "../core/lib/errors.ts";
import { show } from "../core/lib/show.ts";
import type { WorkerStart } from "./worker-start.ts";

/** The address of a module, or what makes a worker of one: bundlers follow only `new Worker(new URL("./x.ts", import.meta.url), { type: "module" })`. */
export type WorkerScript = URL | (() => Worker);

/** Starts module workers. */
export function webWorkers({ scheduler }: Host): Workers<WorkerScript> {
  return { start: (script = workerScript()) => startWorker(script, scheduler.post) };
}

/**
 * From where code lies in the package, in whichever of its files, to the script. Not written so that bundlers follow it: of a worker that imports jobs by their
 * addresses they would make one with an engine of its own.
 */
function workerScript(): URL {
  const here = import.meta.url;
  return new URL("../web/worker.js", here);
}

function startWorker(script: WorkerScript, post: (job: () => void) => void): WorkerHandle {
  const { port1, port2 } = new MessageChannel();
  const worker = script instanceof URL ? new Worker(script, { type: "module" }) : made(script);
  const line = portOf(port1, post);
  let reason: string | undefined;
  const end = (why: string): void => {
    reason ??= why;
    worker.terminate();
    line.close();
  };
  // A worker goes on after an error that nobody caught, with its work half done.
  worker.addEventListener("error", (event) => end(causeOf(event, script)));
  const lock = isSecureContext ? `tamias worker ${crypto.randomUUID()}` : undefined;
  if (lock !== undefined) {
    const onHeld = (): void => void navigator.locks.request(lock, () => end("it ended by itself"));
    worker.addEventListener("message", onHeld, { once: true });
  }
  worker.postMessage({ port: port2, lock } satisfies WorkerStart, [port2]);
  return {
    port: {
      send: (message, carried) => line.send(message, carried),
      close: () => line.close(),
      listen: (onMessage, onClose) => line.listen(onMessage, () => {
        end("its line was closed");
        onClose();
      }),
    },
    get reason() {
      return reason;
    },
    terminate: () => end("it was terminated"),
  };
}

/** @throws JobError INVALID_ARGUMENT for a function that makes something else: the job itself, mostly */
function made(script: () => unknown): Worker {
  let worker: unknown;
  let cause: unknown;
  try {
    worker = script();
  } catch (thrown) {
    cause = thrown;
  }
  if (isWorker(worker)) return worker;
  const got = cause === undefined ? `returned ${show(worker)}` : `threw ${String(cause)}`;
  const forms = 'cluster.submit(new URL("./job.ts", import.meta.url)) with the plugin tamias/vite, or cluster.submit(() => new Worker(new URL("./job-worker.ts", import.meta.url), { type: "module" }))';
  throw new JobError("INVALID_ARGUMENT", `submit was given a function that ${got}, but takes only one that makes a worker: write ${forms}`, { cause });
}

/** Or what behaves as one: a worker that another thread has made, say. */
function isWorker(value: unknown): value is Worker {
  return (["postMessage", "terminate", "addEventListener"] as const).every((name) => typeof (value as Partial<Worker> | undefined)?.[name] === "function");
}

/** What keeps a script from being loaded is an event without a message. */
function causeOf(event: Event, script: WorkerScript): string {
  if (event instanceof ErrorEvent && event.message !== "") return event.message;
  if (typeof script === "function") return "its script cannot be loaded, or imports what cannot";
  return `its script ${script} cannot be loaded, or imports what cannot; in a bundled page, workers come of the plugin tamias/vite, which reads the address where it is written in the call, as in cluster.submit(new URL("./job.ts", import.meta.url)), or of a function that makes one`;
}
