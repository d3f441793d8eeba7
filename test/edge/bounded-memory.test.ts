import { afterAll, expect, test } from "vitest";
import { BUFFER_ROWS_MAX } from "../../core/runtime/buffer-bounds.ts";
import { CHANNEL_CREDITS } from "../../core/runtime/channel.ts";
import type { EdgeServer } from "../../scripts/workerd.ts";
import { allEvents, ask, serveJobs, submit } from "./jobs-server.ts";

const server: EdgeServer = await serveJobs({ TAMIAS_MODE: "dev" });
const { origin } = server;
afterAll(() => server.close());

const RECORDS = 200_000;
/** Of the only channel that is ever full: what is in flight, and the buffer being filled. What the platform holds of an object cannot be seen; what it is made to hold can. */
const IN_FLIGHT_MAX = (CHANNEL_CREDITS + 1) * BUFFER_ROWS_MAX;

test("between two objects there are a few buffers and no more, however much slower the sink is", async () => {
  const path = await submit(origin, "slow", { count: RECORDS, rows: BUFFER_ROWS_MAX });
  expect(await allEvents(origin, path)).toEqual([{ event: "end", data: { status: "FINISHED" } }]);
  const { read, taken, inFlightMost } = (await ask(origin, "GET", "/progress")).body;
  expect([read, taken]).toEqual([RECORDS, RECORDS]);
  expect(inFlightMost).toBeGreaterThan((CHANNEL_CREDITS - 1) * BUFFER_ROWS_MAX);
  expect(inFlightMost).toBeLessThanOrEqual(IN_FLIGHT_MAX);
});
