import { afterAll, describe, expect, test } from "vitest";
import { HOST_CASES } from "../host/host.case.ts";
import { type ProbeServer, serveProbes } from "./probe-server.ts";

const server: ProbeServer = await serveProbes();
afterAll(() => server.close());

describe("the host of an object in workerd", () => {
  test.each(HOST_CASES)("$title", async ({ title, expected }) => {
    expect(await server.probe(title)("runCase", title)).toEqual(expected);
  });
});

describe("timers of an object", () => {
  const DELAYS = [30, 5, 20, 5, 0, 12, 25, 40, 1, 33];
  const ordered = DELAYS.toSorted((a, b) => a - b);

  test("many timers need one alarm while the object is awake", async () => {
    const probe = server.probe("awake");
    await probe("start", "awake");
    expect(await probe("timers", DELAYS, [])).toEqual({ ran: ordered, inTime: true, alarms: 1 });
  });

  test("a timer that throws does not keep others from their time", async () => {
    const probe = server.probe("throwing");
    await probe("start", "throwing");
    expect(await probe("timers", DELAYS, [5, 12, 25])).toEqual({ ran: ordered, inTime: true, alarms: 1 });
    expect((await probe("printed")) as readonly string[]).toEqual([5, 5, 12, 25].map((ms) => expect.stringContaining(`the timer of ${ms} ms fails on purpose`)));
  });

  test("alarms alone serve all timers, also behind one that throws: each sets the next", async () => {
    const probe = server.probe("alarms alone");
    await probe("start", "alarms alone", true);
    const { ran, inTime, alarms } = (await probe("timers", DELAYS, [5, 12, 25])) as { readonly ran: unknown; readonly inTime: boolean; readonly alarms: number };
    expect({ ran, inTime }).toEqual({ ran: ordered, inTime: true });
    expect(alarms).toBeLessThanOrEqual(DELAYS.length + 3);
  });

  test("the alarm is for the earliest timer, and not for sooner than an object can vanish", async () => {
    const probe = server.probe("far");
    await probe("start", "far");
    expect(await probe("farTimers", [90_000, 60_000, 70_000])).toEqual({ writes: 2, alarmMs: 60_000 });
    expect(await probe("farTimers", [3_000, 2_000])).toMatchObject({ writes: 3 });
  });
});
