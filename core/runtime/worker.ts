import type { Host, Port } from "../host/host.ts";
import { unreachable } from "../lib/assert.ts";
import { JobMaster, type LoadJob } from "./job-master.ts";
import { type Hello, PROTOCOL_VERSION, type ToWorker } from "./protocol.ts";
import { JobShare } from "./task-manager.ts";

export interface WorkerOptions {
  readonly host: Host;
  /** To whoever started the worker. */
  readonly port: Port;
  readonly loadJob: LoadJob;
}

/** What every worker is: master of a job, or task manager for any number of them, as it is told. */
export function startWorker({ host, port, loadJob }: WorkerOptions): void {
  port.listen(
    (message, ports) => {
      const to = message as ToWorker;
      switch (to.kind) {
        case "lead":
          new JobMaster({ host, port: ports[0]!, job: to.job, settings: to.settings, loadJob, since: to.since });
          return;
        case "join": {
          const line = (index: number, name: string): Port => (to.at === undefined ? ports[index]! : host.network.connect!(to.at.address, name));
          new JobShare({ host, loadJob, master: line(0, to.at?.master ?? ""), submitter: line(1, to.at?.records ?? "") });
          return;
        }
        default:
          unreachable(to);
      }
    },
    // Whoever started it is gone; jobs end with their own lines.
    () => {},
  );
  port.send({ kind: "hello", protocol: PROTOCOL_VERSION } satisfies Hello);
}
