import { type MessagePort, parentPort } from "node:worker_threads";
import { portOf } from "../../core/host/message-port.ts";
import { PortLink } from "../../core/runtime/port-link.ts";
import { RingLink } from "../../core/runtime/ring-link.ts";
import { createNodeHost } from "../../node/host.ts";
import { LinkEnd, type LinkPlan } from "./link-end.ts";

export interface EndOrder {
  readonly port: MessagePort;
  readonly plan: LinkPlan;
  readonly end: number;
  /** Of a link of rings; undefined: the link is one of messages. */
  readonly ringBytes: number | undefined;
}

/** A thread that plays one end of a link after the other. */
const host = createNodeHost();
const { scheduler } = host;
parentPort!.on("message", ({ port, plan, end, ringBytes }: EndOrder) => {
  const line = portOf(port, scheduler.post);
  const link = ringBytes === undefined ? new PortLink(line) : new RingLink(line, host, ringBytes);
  new LinkEnd(link, scheduler, plan, end, (report) => parentPort!.postMessage(report));
});
