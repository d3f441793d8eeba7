import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createLocalHost } from "../../core/local-host.ts";
import { SimulatedHost } from "../../core/testing/simulated-host.ts";
import { createNodeHost } from "../../node/host.ts";
import { nodeWorkers } from "../../node/workers.ts";
import type { Case, HostUnderTest } from "./case.ts";
import { HOST_CASES } from "./host.case.ts";
import { underPlatform } from "./platform.ts";
import { type ThreadsUnderTest, WORKER_CASES } from "./worker.case.ts";

function runs<Under extends HostUnderTest>(create: () => Under, cases: readonly Case<Under>[] = HOST_CASES): void {
  test.each(cases)("$title", async ({ run, expected }) => expect(await run(create())).toEqual(expected));
}

describe("the in-process host", () => runs(() => underPlatform(createLocalHost())));

describe("the in-process host while the clock stands still", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date", "performance"], now: 1_000 }));
  afterEach(() => void vi.useRealTimers());

  runs(() => ({ ...underPlatform(createLocalHost()), clockStands: true }));
});

describe("the host of Node", () => {
  runs(threadsOfNode, [...HOST_CASES, ...WORKER_CASES]);
});

function threadsOfNode(): ThreadsUnderTest {
  const host = createNodeHost();
  const workers = nodeWorkers(host);
  return {
    ...underPlatform(host),
    start: () => workers.start(new URL("programs/node-thread.ts", import.meta.url)),
    startMissing: () => workers.start(new URL("programs/there-is-no-such-script.ts", import.meta.url)),
  };
}

describe("the simulated host", () => {
  runs(() => {
    const host = new SimulatedHost({ seed: 11, startTime: 1_000 });
    const settle = async (): Promise<void> => void host.runUntilIdle();
    return { host, until: settle, settle, isSimulated: true };
  });

  test("equal seeds give equal orders, other seeds other ones", () => {
    const orderOf = (seed: number): string => {
      const host = new SimulatedHost({ seed });
      const seen: number[] = [];
      for (let job = 0; job < 20; job += 1) host.scheduler.post(() => seen.push(job));
      host.runUntilIdle();
      return seen.join();
    };
    expect(orderOf(5)).toBe(orderOf(5));
    expect(new Set([1, 2, 3, 4].map(orderOf)).size).toBe(4);
  });

  test("the clock stands still until it is moved", () => {
    const host = new SimulatedHost({ seed: 1, startTime: 500 });
    host.scheduler.post(() => {});
    host.step();
    expect(host.clock.now()).toBe(500);
    host.advanceTo(700);
    expect(host.clock.now()).toBe(700);
  });
});
