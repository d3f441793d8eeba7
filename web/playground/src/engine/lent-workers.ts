/**
 * Workers that the page starts for the engine, which is a worker itself. Firefox (ESR 153) sometimes never returns from making or ending a worker in a worker; between
 * page and worker it does. Nothing of the data path goes through the page: what passes here is the first message of each worker, its answer, errors and the end.
 */

/** What the engine asks of the page. */
type ToPage = { readonly kind: "message"; readonly message: unknown; readonly ports: readonly MessagePort[] } | { readonly kind: "terminate" };
type FromPage = { readonly kind: "message"; readonly message: unknown } | { readonly kind: "error"; readonly text: string };

/** The page's side: makes a worker for each line that comes. The function that it returns ends all of them, for when the engine cannot. */
export function lendWorkers(port: MessagePort, start: () => Worker): () => void {
  const lent = new Set<Worker>();
  port.onmessage = ({ data: line }: MessageEvent<MessagePort>) => {
    const worker = start();
    lent.add(worker);
    lend(line, worker, () => lent.delete(worker));
  };
  return () => {
    port.close();
    for (const worker of lent) worker.terminate();
  };
}

function lend(line: MessagePort, worker: Worker, onEnd: () => void): void {
  const answer = (message: FromPage): void => line.postMessage(message);
  worker.onmessage = ({ data }) => answer({ kind: "message", message: data });
  // What keeps a script from being loaded is an event without a message.
  worker.addEventListener("error", (event) => answer({ kind: "error", text: event instanceof ErrorEvent ? event.message : "" }));
  line.onmessage = ({ data }: MessageEvent<ToPage>) => {
    if (data.kind === "message") return worker.postMessage(data.message, [...data.ports]);
    worker.terminate();
    line.close();
    onEnd();
  };
}

/** The engine's side: as much of a worker as a cluster asks for. */
export function borrowWorker(page: MessagePort): Worker {
  const { port1: line, port2 } = new MessageChannel();
  const events = new EventTarget();
  line.onmessage = ({ data }: MessageEvent<FromPage>) => {
    events.dispatchEvent(data.kind === "message" ? new MessageEvent("message", { data: data.message }) : new ErrorEvent("error", { message: data.text }));
  };
  page.postMessage(port2, [port2]);
  const send = (message: ToPage, ports: readonly MessagePort[] = []): void => line.postMessage(message, [...ports]);
  const borrowed: Pick<Worker, "addEventListener" | "postMessage" | "terminate"> = {
    addEventListener: (type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions) => events.addEventListener(type, listener, options),
    postMessage: (message: unknown, ports?: Transferable[] | StructuredSerializeOptions) => send({ kind: "message", message, ports: portsOf(ports) }, portsOf(ports)),
    terminate: () => send({ kind: "terminate" }),
  };
  return borrowed as Worker;
}

function portsOf(transferred: Transferable[] | StructuredSerializeOptions | undefined): MessagePort[] {
  return Array.isArray(transferred) ? transferred.filter((each) => each instanceof MessagePort) : [];
}
