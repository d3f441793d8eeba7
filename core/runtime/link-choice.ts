import type { Host, Port } from "../host/host.ts";
import type { Link } from "./link.ts";
import { PortLink } from "./port-link.ts";
import { RingLink } from "./ring-link.ts";

export interface LinkOptions {
  readonly host: Pick<Host, "scheduler" | "network" | "sharesMemory">;
  /** `sharesMemory` of the host at the other end. Both ends must be told the truth, since neither asks the other. */
  readonly otherSharesMemory: boolean;
}

/** One end of a link over a line of its own: both ends come to the same kind. */
export function createLink(port: Port, { host, otherSharesMemory }: LinkOptions): Link {
  return host.sharesMemory && otherSharesMemory ? new RingLink(port, host) : new PortLink(port);
}
