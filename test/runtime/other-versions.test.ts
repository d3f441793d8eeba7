import { expect, test } from "vitest";
import { openLine } from "../../core/host/local-line.ts";
import { ClusterJob } from "../../core/runtime/cluster-job.ts";
import { Dispatcher } from "../../core/runtime/dispatcher.ts";
import { PROTOCOL_VERSION } from "../../core/runtime/protocol.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";

const settings = { heartbeatIntervalMs: 50, heartbeatTimeoutMs: 300, deployTimeoutMs: 5_000, transport: "message" } as const;

/** A cluster whose workers say hello with another version, or never. */
function clusterOf(protocol: number | undefined): { readonly host: SimulatedHost; readonly job: ClusterJob; readonly told: unknown[] } {
  const host = new SimulatedHost({ seed: 1 });
  const told: unknown[] = [];
  const workers = {
    start: () => {
      const [port, theirs] = openLine(host.scheduler.post);
      if (protocol !== undefined) theirs.send({ kind: "hello", protocol });
      theirs.listen((message) => told.push(message), () => told.push("closed"));
      return { port, reason: undefined, terminate: () => port.close() };
    },
  };
  const dispatcher = new Dispatcher({ host, workers, leaders: workers, taskManagers: 1, slots: 1, settings });
  const description = { id: "job", module: "job", name: undefined, args: {}, parallelism: 1, configuration: {} };
  const job = new ClusterJob((listener) => dispatcher.submit(description, undefined, listener), { host, jobId: "job", signal: undefined });
  host.runUntilIdle();
  return { host, job, told };
}

test("a worker of another version is refused before it is told anything", async () => {
  const { job, told } = clusterOf(PROTOCOL_VERSION + 1);
  await expect(job.accepted()).rejects.toThrow(
    `[PROTOCOL_MISMATCH] a worker speaks version ${PROTOCOL_VERSION + 1} of the protocol and this side ${PROTOCOL_VERSION}: two versions of Tamias met; deploy page and workers together`,
  );
  expect(told).toEqual(["closed", "closed"]);
});

test("a worker that never says hello is no worker of a cluster", async () => {
  const { job, told } = clusterOf(undefined);
  await expect(job.accepted()).rejects.toThrow("[JOB_MASTER_LOST] the worker that led the job is lost: it has not said hello within 5000 ms: is its script one that calls serveJob?");
  expect(told).toEqual(["closed", "closed"]);
});
