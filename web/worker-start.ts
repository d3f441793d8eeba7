/** The first message to a worker, by which it is started. */
export interface WorkerStart {
  /** The worker's end of the line to whoever started it. */
  readonly port: MessagePort;
  /** Held by the worker as long as it lives, however it ends; undefined where there are no locks: outside of secure contexts. */
  readonly lock: string | undefined;
}

/**
 * Called at the top of a worker's script, before anything is awaited: calls `run` when the first message has come.
 *
 * A rejection that nobody handles ends the worker, as an error does and as it does in Node: whoever started it gets to know.
 */
export function whenStarted(run: (port: MessagePort) => unknown): void {
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    reportError(event.reason);
  });
  const onMessage = ({ data: { port, lock } }: MessageEvent<WorkerStart>): void => {
    if (lock === undefined) run(port);
    else void navigator.locks.request(lock, () => runWhileHeld(() => run(port)));
  };
  addEventListener("message", onMessage, { once: true });
}

/** Whoever started this worker is told first: from now on it waits for the lock, and gets it when the worker is gone. */
function runWhileHeld(run: () => unknown): Promise<never> {
  postMessage(undefined);
  run();
  return new Promise(() => {});
}
