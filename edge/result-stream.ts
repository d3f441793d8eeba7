import { HttpError } from "./http-error.ts";
import type { ResultLog } from "./result-log.ts";

/** A connection without results says so often that it is there, or something on the way takes it for dead. */
export const HEARTBEAT_MS = 15_000;
/** Results that are written in one go. */
const RESULTS_PER_CHUNK = 256;

const FIRST_ID = 1;

const encoder = /* @__PURE__ */ new TextEncoder();

/** Where a reader begins: behind the result that it had last, or with the first one, whether it is still there or not. @throws HttpError INVALID_REQUEST, RESULTS_GONE */
export function firstIdFor(lastEventId: string | null, log: ResultLog): number {
  if (lastEventId === null || lastEventId === "") return FIRST_ID;
  const id = /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) + 1 : NaN;
  if (id < log.oldestId) throw gone(id, log);
  if (id <= log.nextId) return id;
  throw new HttpError("INVALID_REQUEST", `Last-Event-ID is "${lastEventId}", but must be the id of a result that there was: the last one is ${log.nextId - 1}`);
}

/**
 * The results from `firstId` on as server-sent events, until the job has ended: then an event `end` says how. Readers are not waited for: what is forgotten before
 * they have it is missing, which an event `gone` says. It ends the stream of a reader who was too slow; one who came too late for the first results goes on with the
 * oldest.
 */
export function resultStream(log: ResultLog, firstId: number, heartbeatMs: number): ReadableStream<Uint8Array> {
  let next = firstId;
  let stop = (): void => {};
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const write = (text: string): void => controller.enqueue(encoder.encode(text));
        if (next === log.nextId && log.outcome === undefined) {
          const hasMore = await new Promise<boolean>((resolve) => (stop = waitFor(log, heartbeatMs, resolve)));
          if (!hasMore) return write(":\n\n");
        }
        if (next < log.oldestId) {
          write(event("gone", gone(next, log)));
          if (next === FIRST_ID) return void (next = log.oldestId);
        } else if (next < log.nextId) {
          const end = Math.min(log.nextId, next + RESULTS_PER_CHUNK);
          let text = "";
          for (; next < end; next += 1) text += `id: ${next}\ndata: ${log.at(next)}\n\n`;
          return write(text);
        } else write(event("end", log.outcome));
        controller.close();
      },
      cancel: () => stop(),
    },
    { highWaterMark: 1 },
  );
}

/** Answers true when there is more, false when the time of a heartbeat has come; the function it returns answers at once. */
function waitFor(log: ResultLog, heartbeatMs: number, answer: (hasMore: boolean) => void): () => void {
  const done = (hasMore: boolean): void => {
    clearTimeout(heartbeat);
    stopWaiting();
    answer(hasMore);
  };
  const stopWaiting = log.onMore(() => done(true));
  const heartbeat = setTimeout(() => done(false), heartbeatMs);
  return () => done(false);
}

function gone(id: number, log: ResultLog): HttpError {
  return new HttpError("RESULTS_GONE", `result ${id} is not in memory any more: the oldest one is ${log.oldestId}`, {}, { oldest: log.oldestId });
}

function event(name: string, data: unknown): string {
  const fields = data instanceof HttpError ? { code: data.code, message: data.message, ...data.details } : data;
  return `event: ${name}\ndata: ${JSON.stringify(fields)}\n\n`;
}
