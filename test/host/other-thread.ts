import type { Host, Port } from "../../core/host/host.ts";
import { createLink } from "../../core/runtime/link-choice.ts";

/** What whoever started this thread asks of it; `value` is what the acts that send or say something say. */
export interface Request {
  readonly act: "echo" | "share" | "obey" | "lead" | "link" | "say" | "report" | "close" | "throw" | "reject" | "exit" | "spin";
  readonly value?: unknown;
}

/** Runs in the thread at the other end: does what it is asked for, on the line that came last with a request. What comes by links it tells on `reports`. */
export function obey(port: Port, host: Host, exit: () => void, reports: Port = port): void {
  let lines = [port];
  port.listen((request, ports) => {
    const { act, value } = request as Request;
    if (0 < ports.length) lines = [...ports];
    const [line = port] = lines;
    if (act === "echo") port.send(value, { ports, buffers: value instanceof Uint8Array ? [value.buffer as ArrayBuffer] : [] });
    if (act === "share") {
      (value as Uint8Array)[0] = 42;
      port.send("written");
    }
    if (act === "obey") obey(line, host, exit, port);
    if (act === "lead") openLink(lines, host);
    if (act === "link") sayByLink(line, host, Number(value), reports);
    if (act === "say") line.send(value);
    if (act === "report") line.listen((message) => port.send(`it got ${String(message)}`), () => port.send("it learnt of the close"));
    if (act === "close") line.close();
    if (act === "throw") throw new Error(String(value));
    if (act === "reject") void Promise.reject(new Error(String(value)));
    if (act === "exit") exit();
    if (act === "spin") for (port.send(value); ; );
  }, () => {});
}

/** Gives two threads the ends of a line to link them, as a job master does. */
function openLink(threads: readonly Port[], host: Host): void {
  const ends = host.network.openLine();
  threads.forEach((thread, index) => thread.send({ act: "link", value: index + 1 } satisfies Request, { ports: [ends[index]!] }));
}

/** Sends one byte by a link over the line, and tells what comes by it. */
function sayByLink(line: Port, host: Host, value: number, reports: Port): void {
  const link = createLink(line, { host, otherSharesMemory: host.sharesMemory });
  const bytes = link.allocate(1);
  bytes[0] = value;
  link.send(0, bytes);
  link.listen({ onBuffer: (_channel, [came]) => reports.send(`it got ${came}`), onCredit: () => {}, onClose: () => {} });
}
