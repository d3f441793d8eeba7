import type { Cancellable, Host, Port } from "../host/host.ts";
import { afterRunningFor } from "../host/running-timeout.ts";
import type { WorkerHandle, Workers } from "../host/workers.ts";
import { assert } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { type Hello, PROTOCOL_VERSION, type ToWorker } from "./protocol.ts";

/** How a worker has come to its end, or why it never began. */
export interface WorkerEnd {
  readonly reason: string;
  /** Where it was refused: the error that jobs fail with. */
  readonly error: JobError | undefined;
}

/** A worker as the cluster has it: nothing is sent to it before it has said hello. */
export class ClusterWorker<Script> {
  readonly script: Script | undefined;
  readonly address: string | undefined;
  readonly #handle: WorkerHandle;
  readonly #waiting: (() => void)[] = [];
  readonly #onEnd: (end: WorkerEnd) => void;
  readonly #timer: Cancellable;
  #isReady = false;
  #end: WorkerEnd | undefined;

  constructor(workers: Workers<Script>, script: Script | undefined, options: { readonly host: Host; readonly helloTimeoutMs: number; onEnd(end: WorkerEnd): void }) {
    const { host, helloTimeoutMs } = options;
    this.script = script;
    this.#onEnd = options.onEnd;
    this.#handle = workers.start(script);
    this.address = this.#handle.address;
    this.#timer = afterRunningFor(host, helloTimeoutMs, () => {
      this.terminate(`it has not said hello within ${helloTimeoutMs} ms: is its script one that calls serveJob?`);
    });
    this.#handle.port.listen(
      (message) => this.#receive(message as Hello),
      () => this.#over({ reason: this.#handle.reason ?? "it is gone", error: undefined }),
    );
  }

  /** Calls back once it can be spoken to; never, where it ends before. */
  whenReady(then: () => void): void {
    if (this.#isReady) then();
    else this.#waiting.push(then);
  }

  send(message: ToWorker, ports: readonly Port[]): void {
    assert(this.#isReady, "a worker is spoken to once it has said hello");
    this.#handle.port.send(message, { ports });
  }

  /** Whether the process must stay for it. */
  setBusy(isBusy: boolean): void {
    this.#handle.setBusy?.(isBusy);
  }

  /** At once, also where it spins. */
  terminate(reason: string): void {
    this.#over({ reason, error: undefined });
    this.#handle.terminate();
  }

  #receive({ protocol }: Hello): void {
    if (this.#isReady || this.#end !== undefined) return;
    if (protocol !== PROTOCOL_VERSION) {
      const reason = `a worker speaks version ${protocol} of the protocol and this side ${PROTOCOL_VERSION}: two versions of Tamias met; deploy page and workers together`;
      this.#over({ reason, error: new JobError("PROTOCOL_MISMATCH", reason) });
      this.#handle.terminate();
      return;
    }
    this.#isReady = true;
    this.#timer.cancel();
    for (const then of this.#waiting.splice(0)) then();
  }

  #over(end: WorkerEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#timer.cancel();
    this.#waiting.length = 0;
    this.#onEnd(end);
  }
}
