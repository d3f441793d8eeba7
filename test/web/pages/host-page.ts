import { createWebHost } from "../../../web/host.ts";
import { webWorkers } from "../../../web/workers.ts";
import { HOST_CASES } from "../../host/host.case.ts";
import { underPlatform } from "../../host/platform.ts";
import { type ThreadsUnderTest, WORKER_CASES } from "../../host/worker.case.ts";

/** What each case gave, or why it gave nothing, by its title; and what the host says of itself. */
async function main(): Promise<Readonly<Record<string, unknown>>> {
  const outcomes: Record<string, unknown> = { sharesMemory: createWebHost().sharesMemory };
  for (const { title, run } of [...HOST_CASES, ...WORKER_CASES]) {
    try {
      outcomes[title] = await run(threads());
    } catch (error) {
      outcomes[title] = String(error);
    }
  }
  return outcomes;
}

function threads(): ThreadsUnderTest {
  const host = createWebHost();
  const workers = webWorkers(host);
  return {
    ...underPlatform(host),
    start: () => workers.start(new URL("/thread.js", location.href)),
    startMissing: () => workers.start(new URL("/there-is-no-such-script.js", location.href)),
  };
}

Object.assign(globalThis, { outcome: main() });
