import { expect, test } from "vitest";
import type { Host, Port } from "../../core/host/host.ts";

/** A host under test, and how its jobs and timers are run to their end. */
export interface HostUnderTest {
  readonly host: Host;
  /** Resolves when nothing is left to do. */
  settle(): Promise<void>;
  /** Whether jobs of one caller may be run in another order than they were posted. */
  readonly reorders: boolean;
}

/** What every host promises; each implementation runs all of it. */
export function hostCases(create: () => HostUnderTest): void {
  schedulerCases(create);
  lineCases(create);

  test("chance is in [0, 1)", () => {
    const { host } = create();
    for (let draw = 0; draw < 100; draw += 1) {
      const value = host.random.next();
      expect(0 <= value && value < 1).toBe(true);
    }
  });

  test("shouldYield answers", () => {
    expect(typeof create().host.shouldYield()).toBe("boolean");
  });
}

function schedulerCases(create: () => HostUnderTest): void {
  test("a posted job runs later, not inside the call", async () => {
    const { host, settle } = create();
    const seen: string[] = [];
    host.scheduler.post(() => seen.push("job"));
    seen.push("after post");
    await settle();
    expect(seen).toEqual(["after post", "job"]);
  });

  test("every posted job runs once, those posted by jobs included, in order unless the host reorders", async () => {
    const { host, settle, reorders } = create();
    const seen: number[] = [];
    for (let job = 0; job < 50; job += 1) {
      host.scheduler.post(() => {
        seen.push(job);
        host.scheduler.post(() => seen.push(100 + job));
      });
    }
    await settle();
    const expected = [...Array.from({ length: 50 }, (_, job) => job), ...Array.from({ length: 50 }, (_, job) => 100 + job)];
    expect(reorders ? seen.toSorted((a, b) => a - b) : seen).toEqual(expected);
  });

  test("a timer runs at its time or after, earlier ones first", async () => {
    const { host, settle } = create();
    const start = host.clock.now();
    const seen: { name: string; at: number }[] = [];
    host.scheduler.at(start + 20, () => seen.push({ name: "later", at: host.clock.now() }));
    host.scheduler.at(start + 5, () => seen.push({ name: "sooner", at: host.clock.now() }));
    await settle();
    expect(seen.map(({ name }) => name)).toEqual(["sooner", "later"]);
    expect(start + 5).toBeLessThanOrEqual(seen[0]!.at);
    expect(start + 20).toBeLessThanOrEqual(seen[1]!.at);
  });

  test("a timer in the past runs soon, and a cancelled one never", async () => {
    const { host, settle } = create();
    const seen: string[] = [];
    host.scheduler.at(host.clock.now() - 1_000, () => seen.push("past"));
    const timer = host.scheduler.at(host.clock.now() + 5, () => seen.push("cancelled"));
    timer.cancel();
    timer.cancel();
    await settle();
    timer.cancel();
    expect(seen).toEqual(["past"]);
  });

  test("a timer that is cancelled when its time has come, but before it ran, does not run", async () => {
    const { host, settle } = create();
    const time = host.clock.now() + 5;
    const seen: string[] = [];
    const timers = ["a", "b"].map((name, index) => host.scheduler.at(time, () => {
      seen.push(name);
      timers[1 - index]!.cancel();
    }));
    await settle();
    expect(seen).toHaveLength(1);
  });

  test("the clock does not go back", async () => {
    const { host, settle } = create();
    const before = host.clock.now();
    host.scheduler.at(before + 3, () => {});
    await settle();
    expect(before).toBeLessThanOrEqual(host.clock.now());
  });
}

function lineCases(create: () => HostUnderTest): void {
  test("what is sent before the other end listens is held, in order", async () => {
    const { host, settle } = create();
    const [a, b] = host.network.openLine();
    for (let message = 0; message < 10; message += 1) a.send(message);
    await settle();
    const received: unknown[] = [];
    b.listen((message) => received.push(message), () => received.push("closed"));
    for (let message = 10; message < 20; message += 1) a.send(message);
    await settle();
    expect(received).toEqual(Array.from({ length: 20 }, (_, message) => message));
  });

  test("both ends learn once of a close, after the messages sent before it", async () => {
    const { host, settle } = create();
    const [a, b] = host.network.openLine();
    const seen: string[] = [];
    const listen = (port: Port, name: string): void => port.listen((message) => seen.push(`${name} got ${String(message)}`), () => seen.push(`${name} closed`));
    listen(b, "b");
    listen(a, "a");
    a.send("last words");
    a.close();
    a.close();
    b.close();
    await settle();
    expect(seen.filter((entry) => entry.startsWith("b"))).toEqual(["b got last words", "b closed"]);
    expect(seen.filter((entry) => entry.startsWith("a"))).toEqual(["a closed"]);
  });

  test("sends after a close do nothing", async () => {
    const { host, settle } = create();
    const [a, b] = host.network.openLine();
    const received: unknown[] = [];
    b.listen((message) => received.push(message), () => received.push("closed"));
    a.close();
    a.send("too late");
    b.send("too late");
    await settle();
    expect(received).toEqual(["closed"]);
  });

  test("who listens after the close still gets what was sent, then the close", async () => {
    const { host, settle } = create();
    const [a, b] = host.network.openLine();
    a.send("held");
    a.close();
    await settle();
    const received: unknown[] = [];
    b.listen((message) => received.push(message), () => received.push("closed"));
    await settle();
    expect(received).toEqual(["held", "closed"]);
  });
}
