import { releaseProxy, wrap, type Remote } from "comlink";

/** A worker that answers calls, which fail when it is gone: Comlink's alone would wait for ever. */
export interface WrappedWorker<T> {
  readonly remote: Remote<T>;
  /** Ends the worker; pending calls fail, and later ones at once. */
  terminate(reason?: string): void;
}

/** `onEnd` is called once, when the worker has failed: a script that cannot be loaded, an error that nobody caught, or `terminate`. */
export function wrapWorker<T>(worker: Worker, onEnd: (error: Error) => void = () => {}): WrappedWorker<T> {
  const remote = wrap<T>(worker);
  const pending = new Set<(error: Error) => void>();
  let ended: Error | undefined;

  const end = (error: Error): void => {
    if (ended !== undefined) return;
    ended = error;
    worker.terminate();
    for (const reject of pending) reject(error);
    pending.clear();
    remote[releaseProxy]();
    onEnd(error);
  };
  // What keeps a script from being loaded is an event without a message.
  worker.addEventListener("error", (event) => end(new Error(event instanceof ErrorEvent && event.message !== "" ? event.message : "the worker's script could not be loaded")));

  const call = (name: string, args: readonly unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      pending.add(reject);
      const method = Reflect.get(remote, name) as (...args: readonly unknown[]) => Promise<unknown>;
      method(...args).then(resolve, reject).finally(() => pending.delete(reject));
    });
  const guarded = new Proxy({}, { get: (_target, name) => (typeof name === "string" && name !== "then" ? (...args: unknown[]) => call(name, args) : undefined) });
  return { remote: guarded as Remote<T>, terminate: (reason = "the worker was terminated") => end(new Error(reason)) };
}
