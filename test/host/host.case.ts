import { type Case, type HostUnderTest, Log } from "./case.ts";
import { LINE_CASES } from "./line.case.ts";

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

const SCHEDULER_CASES: readonly Case<HostUnderTest>[] = [
  {
    title: "a posted job runs later, not inside the call",
    expected: ["after post", "job"],
    async run({ host, until }) {
      const log = new Log(until);
      host.scheduler.post(() => log.note("job"));
      log.note("after post");
      await log.reached(2);
      return log.entries;
    },
  },
  {
    title: "every posted job runs once, those posted by jobs included, in order unless the host reorders",
    expected: [...range(0, 50), ...range(100, 150)],
    async run({ host, until, settle, isSimulated = false }) {
      const log = new Log(until);
      for (const job of range(0, 50)) {
        host.scheduler.post(() => {
          log.note(job);
          host.scheduler.post(() => log.note(100 + job));
        });
      }
      await log.reached(100);
      await settle();
      return isSimulated ? (log.entries as number[]).toSorted((a, b) => a - b) : log.entries;
    },
  },
  {
    title: "a timer runs at its time or after, earlier ones first",
    expected: ["sooner in time", "later in time"],
    async run({ host, until, clockStands = false }) {
      const log = new Log(until);
      const start = host.clock.now();
      const at = (ms: number, name: string): void => {
        host.scheduler.at(start + ms, () => log.note(`${name} ${clockStands || start + ms <= host.clock.now() ? "in time" : "too early"}`));
      };
      at(20, "later");
      at(5, "sooner");
      await log.reached(2);
      return log.entries;
    },
  },
  {
    title: "a timer in the past runs soon, and a cancelled one never",
    expected: ["past", "end"],
    async run({ host, until }) {
      const log = new Log(until);
      host.scheduler.at(host.clock.now() - 1_000, () => log.note("past"));
      const timer = host.scheduler.at(host.clock.now() + 5, () => log.note("cancelled"));
      host.scheduler.at(host.clock.now() + 10, () => log.note("end"));
      timer.cancel();
      timer.cancel();
      await log.reached(2);
      timer.cancel();
      return log.entries;
    },
  },
  {
    title: "a timer that is cancelled when its time has come, but before it ran, does not run",
    expected: ["one of two", "end"],
    async run({ host, until }) {
      const log = new Log(until);
      const time = host.clock.now() + 5;
      const timers = [0, 1].map((index) => host.scheduler.at(time, () => {
        log.note("one of two");
        timers[1 - index]!.cancel();
      }));
      host.scheduler.at(time + 5, () => log.note("end"));
      await log.reached(2);
      return log.entries;
    },
  },
  {
    title: "the clock does not go back, and may stand still",
    expected: true,
    async run({ host, until }) {
      const times = [host.clock.now()];
      for (const ms of [1, 3, 2]) host.scheduler.at(times[0]! + ms, () => void times.push(host.clock.now()));
      await until(() => times.length === 4);
      return times.length === 4 && times.every((time, index) => index === 0 || times[index - 1]! <= time);
    },
  },
  {
    title: "jobs that post jobs without end leave room for events of the platform, also where the clock stands still",
    expected: "stopped by a timer",
    async run({ host, until, isSimulated = false }) {
      // In simulation time passes only where nothing else is left to do.
      if (isSimulated) return "stopped by a timer";
      let isStopped = false;
      let jobs = 0;
      const job = (): void => {
        jobs += 1;
        if (!isStopped && jobs < 10_000_000) host.scheduler.post(job);
        else isStopped = true;
      };
      host.scheduler.at(host.clock.now(), () => void (isStopped = true));
      host.scheduler.post(job);
      await until(() => isStopped);
      return jobs < 10_000_000 ? "stopped by a timer" : "never stopped";
    },
  },
];

const OTHER_CASES: readonly Case<HostUnderTest>[] = [
  {
    title: "chance is in [0, 1)",
    expected: true,
    run: async ({ host }) => range(0, 100).every(() => {
      const value = host.random.next();
      return 0 <= value && value < 1;
    }),
  },
  {
    title: "shouldYield answers",
    expected: "boolean",
    run: async ({ host }) => typeof host.shouldYield(),
  },
];

/** What every host promises; each implementation runs all of it. */
export const HOST_CASES: readonly Case<HostUnderTest>[] = [...SCHEDULER_CASES, ...LINE_CASES, ...OTHER_CASES];
