import type { Host } from "../../core/host/host.ts";
import type { HostUnderTest } from "./case.ts";

/** So many turns of the platform pass before what is waited for will never be. Most waits take a few. */
const TURNS_MAX = 200_000;
/** Enough for a message on each of some lines. */
const TURNS_TO_SETTLE = 20;

/** A host of a real platform, which is waited for by giving it turn after turn: clocks may stand still, so that time says nothing. */
export function underPlatform(host: Host): HostUnderTest {
  const turn = (): Promise<void> => new Promise((resolve) => host.scheduler.post(resolve));
  return {
    host,
    async until(condition) {
      for (let turns = 0; turns < TURNS_MAX && !condition(); turns += 1) await turn();
    },
    async settle() {
      for (let turns = 0; turns < TURNS_TO_SETTLE; turns += 1) await turn();
    },
  };
}
