import { once } from "node:events";
import { MessageChannel, Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Host, Port } from "../../core/host/host.ts";
import { portOf } from "../../core/host/message-port.ts";
import { createLocalHost } from "../../core/local-host.ts";
import { CopyingLink } from "../../core/runtime/copying-link.ts";
import { createLink } from "../../core/runtime/link-choice.ts";
import type { Link } from "../../core/runtime/link.ts";
import { PortLink } from "../../core/runtime/port-link.ts";
import { RingLink } from "../../core/runtime/ring-link.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";
import { createNodeHost } from "../../node/host.ts";
import { type EndReport, LinkEnd, type LinkPlan } from "./link-end.ts";
import type { EndOrder } from "./link-worker.ts";
import { linkCases, type PlayLink } from "./link.case.ts";

/** Small, so that every buffer wraps around somewhere, and most wait for room. */
const RING_BYTES_SMALL = 1_024;

type MakeLink = (port: Port, host: Host) => Link;
const overPort: MakeLink = (port) => new PortLink(port);
const byCopies: MakeLink = (port) => new CopyingLink(port);
const overRings: MakeLink = (port, host) => new RingLink(port, host, RING_BYTES_SMALL);

/** Memory that goes over is gone, as between threads. */
function carrying(port: Port): Port {
  return {
    send: (message, carried) => port.send(structuredClone(message, { transfer: [...(carried?.buffers ?? [])] }), { ports: carried?.ports ?? [] }),
    listen: (onMessage, onClose) => port.listen(onMessage, onClose),
    close: () => port.close(),
  };
}

function start(host: Host, makeLink: MakeLink, plan: LinkPlan, onReport: (report: EndReport, end: number) => void): void {
  const ports = host.network.openLine();
  ports.forEach((port, end) => new LinkEnd(makeLink(carrying(port), host), host.scheduler, plan, end, (report) => onReport(report, end)));
}

describe.each([
  { name: "messages", makeLink: overPort },
  { name: "copies", makeLink: byCopies },
  { name: "rings", makeLink: overRings },
])("a link of $name", ({ makeLink }) => {
  describe("in simulation", () => {
    const play: PlayLink = (plan) => {
      const host = new SimulatedHost({ seed: plan.seed });
      const reports: EndReport[] = [];
      start(host, makeLink, plan, (report, end) => (reports[end] = report));
      expect(host.runUntilIdle(1_000_000)).toBe(true);
      expect({ seed: plan.seed, ends: Object.keys(reports) }).toEqual({ seed: plan.seed, ends: ["0", "1"] });
      return Promise.resolve(reports as [EndReport, EndReport]);
    };
    linkCases(play, 40);
  });

  describe("in one thread", () => {
    const play: PlayLink = async (plan) => {
      const host = createLocalHost();
      const reports: EndReport[] = [];
      await new Promise<void>((resolve) =>
        start(host, makeLink, plan, (report, end) => {
          reports[end] = report;
          if (Object.keys(reports).length === 2) resolve();
        }),
      );
      return reports as [EndReport, EndReport];
    };
    linkCases(play, 3);
  });
});

describe.each([
  { name: "messages", ringBytes: undefined },
  { name: "small rings", ringBytes: 64 },
  { name: "rings", ringBytes: RING_BYTES_SMALL },
])("a link of $name between threads", ({ ringBytes }) => {
  let workers: Worker[] = [];
  beforeAll(() => {
    workers = [0, 1].map(() => new Worker(new URL("./link-worker.ts", import.meta.url)));
  });
  afterAll(() => Promise.all(workers.map((worker) => worker.terminate())));

  const play = async (plan: LinkPlan): Promise<[EndReport, EndReport]> => {
    const { port1, port2 } = new MessageChannel();
    const reports = [port1, port2].map(async (port, end) => {
      const order: EndOrder = { port, plan, end, ringBytes };
      workers[end]!.postMessage(order, [port]);
      const [report] = await once(workers[end]!, "message");
      return report as EndReport;
    });
    return (await Promise.all(reports)) as [EndReport, EndReport];
  };
  linkCases(play, 5);

  test("a thread that ends closes its links", async () => {
    const worker = new Worker(new URL("./link-worker.ts", import.meta.url));
    const { port1, port2 } = new MessageChannel();
    const host = createNodeHost();
    const plan: LinkPlan = { seed: 1, channels: 1, buffers: Infinity, bytesMax: 100, credits: 4, jobsPerTake: 1, jobsUntilListen: 0 };
    const line = portOf(port1, host.scheduler.post);
    const link = ringBytes === undefined ? new PortLink(line) : new RingLink(line, host, ringBytes);
    const report = new Promise<EndReport>((resolve) => new LinkEnd(link, host.scheduler, plan, 0, resolve));
    const order: EndOrder = { port: port2, plan, end: 1, ringBytes };
    worker.postMessage(order, [port2]);
    await once(worker, "online");
    host.scheduler.post(() => void worker.terminate());
    expect(await report).toMatchObject({ faults: [], closes: 1 });
  });
});

describe("the choice of a link", () => {
  const sharing = (sharesMemory: boolean): Host => ({ ...createLocalHost(), sharesMemory });

  test.each([
    [true, true, RingLink],
    [true, false, PortLink],
    [false, true, PortLink],
    [false, false, PortLink],
  ])("memory shared here: %s, there: %s", (here, there, kind) => {
    const host = sharing(here);
    expect(createLink(host.network.openLine()[0], { host, otherSharesMemory: there })).toBeInstanceOf(kind);
  });
});

test("nothing comes after a close in the middle of what comes", () => {
  for (const makeLink of [overPort, overRings]) {
    const host = new SimulatedHost({ seed: 1 });
    const [near, far] = host.network.openLine().map((port) => makeLink(port, host)) as [Link, Link];
    for (let channel = 0; channel < 3; channel += 1) near.send(channel, near.allocate(8));
    near.grant(5, undefined);
    const seen: string[] = [];
    const closing = (what: string): void => {
      seen.push(what);
      far.close();
    };
    far.listen({ onBuffer: (channel) => closing(`buffer of ${channel}`), onCredit: (channel) => closing(`credit of ${channel}`), onClose: () => seen.push("close") });
    host.runUntilIdle();
    expect(seen).toEqual(["buffer of 0", "close"]);
  }
});

test("a link sends only memory that it has given", () => {
  const host = createLocalHost();
  for (const makeLink of [overPort, overRings]) {
    const link = makeLink(host.network.openLine()[0], host);
    expect(() => link.send(0, new Uint8Array(8))).toThrow("only memory that was lent");
    const bytes = link.allocate(8);
    expect(() => link.send(0, bytes.subarray(1))).toThrow("only memory that was lent");
    link.send(0, bytes);
    expect(() => link.send(0, bytes)).toThrow("only memory that was lent");
  }
});
