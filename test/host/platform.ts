import type { Host } from "../../core/host/host.ts";
import type { HostUnderTest } from "./case.ts";

/** Longest that anything takes, the start of a thread on a busy machine included: what has not come then never will. */
const WAIT_MS_MAX = 60_000;
/** Enough for a message on each of some lines. */
const TURNS_TO_SETTLE = 20;

/** A host of a real platform, which is waited for by giving it turn after turn. */
export function underPlatform(host: Host): HostUnderTest {
  const turn = (): Promise<void> => new Promise((resolve) => host.scheduler.post(resolve));
  return {
    host,
    async until(condition) {
      let isLate = false;
      const timer = setTimeout(() => (isLate = true), WAIT_MS_MAX);
      while (!condition() && !isLate) await turn();
      clearTimeout(timer);
    },
    async settle() {
      for (let turns = 0; turns < TURNS_TO_SETTLE; turns += 1) await turn();
    },
  };
}
