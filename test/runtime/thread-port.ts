import type { MessagePort } from "node:worker_threads";
import type { Port } from "../../core/host/host.ts";

/** A line between threads, with as much of the contract as a link needs. */
export function threadPort(port: MessagePort): Port {
  return {
    send: (message, carried) => port.postMessage(message, [...(carried?.buffers ?? [])]),
    listen(onMessage, onClose) {
      port.on("message", (message: unknown) => onMessage(message, []));
      port.once("close", onClose);
    },
    close: () => port.close(),
  };
}
