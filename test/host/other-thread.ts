import type { Port } from "../../core/host/host.ts";

/** What whoever started this thread asks of it; `value` is what the acts that send or say something say. */
export interface Request {
  readonly act: "echo" | "share" | "say" | "report" | "close" | "throw" | "reject" | "exit" | "spin";
  readonly value?: unknown;
}

/** Runs in the thread at the other end: does what it is asked for, on the line that came last with a request. */
export function obey(port: Port, exit: () => void): void {
  let line = port;
  port.listen((request, ports) => {
    const { act, value } = request as Request;
    [line = line] = ports;
    if (act === "echo") port.send(value, { ports, buffers: value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [] });
    if (act === "share") {
      (value as Uint8Array)[0] = 42;
      port.send("written");
    }
    if (act === "say") line.send(value);
    if (act === "report") line.listen((message) => port.send(`it got ${String(message)}`), () => port.send("it learnt of the close"));
    if (act === "close") line.close();
    if (act === "throw") throw new Error(String(value));
    if (act === "reject") void Promise.reject(new Error(String(value)));
    if (act === "exit") exit();
    if (act === "spin") for (port.send(value); ; );
  }, () => {});
}
