import { extname } from "node:path";
import { MessageChannel, Worker } from "node:worker_threads";
import type { Host, Port } from "../core/host/host.ts";
import { portOf } from "../core/host/message-port.ts";
import type { WorkerHandle, Workers } from "../core/host/workers.ts";

/** What a worker thread is given: its end of the line to whoever started it. */
export interface ThreadData {
  readonly port: MessagePort;
}
type MessagePort = MessageChannel["port1"];

/** Starts worker threads. */
export function nodeWorkers({ scheduler }: Host): Workers<URL> {
  return { start: (script = workerScript()) => startThread(script, scheduler.post) };
}

/** From where code lies in the package, in whichever of its files, to the script; the sources run without being built. */
function workerScript(): URL {
  return new URL(`../node/worker${extname(import.meta.url)}`, import.meta.url);
}

function startThread(script: URL, post: (job: () => void) => void): WorkerHandle {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(script, { workerData: { port: port2 } satisfies ThreadData, transferList: [port2] });
  const line = portOf(port1, post);
  let reason: string | undefined;
  let hasExited = false;
  let onGone = (): void => {};
  worker.on("error", (error: unknown) => {
    reason = error instanceof Error ? error.message : String(error);
  });
  worker.on("exit", (code) => {
    reason ??= `its thread ended with exit code ${code}`;
    hasExited = true;
    onGone();
  });
  worker.unref();
  const end = (): void => void worker.terminate();
  // The line ends before its thread does, and only then is known why; so whoever listens hears of it when the thread has ended, which it must then.
  const listen: Port["listen"] = (onMessage, onClose) => {
    line.listen(onMessage, () => {
      if (hasExited) return onClose();
      onGone = onClose;
      end();
    });
    // Listening keeps the process.
    port1.unref();
  };
  return {
    port: { send: (message, carried) => line.send(message, carried), close: () => line.close(), listen },
    get reason() {
      return reason;
    },
    terminate: () => {
      reason ??= "it was terminated";
      end();
    },
    setBusy: (isBusy) => {
      if (isBusy) worker.ref();
      else worker.unref();
    },
  };
}
