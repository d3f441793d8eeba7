import { Observable, Subject, filter, from, groupBy, map, mergeMap, reduce, scan } from "rxjs";
import { type EventRow, RowBlocks } from "../events.ts";
import { preparedLoop } from "../plain-run.ts";
import { Tally } from "../tally.ts";
import type { Variant } from "../variant.ts";
import { BOUND_MS, type Work } from "../works.ts";

export const variant: Variant = {
  name: "rxjs",
  title: "RxJS",
  order: 40,
  note:
    "groupBy by window, closed by a stream of watermarks, and by key, with reduce; a sliding window gets each event once " +
    "per window. RxJS has no event time: " +
    "the watermarks are our loop's, and what comes after its group has closed would open it anew.",
  refuses(work) {
    if (work.hasLate) return "a closed group is forgotten: no re-firings";
    if (work.kind === "sessions") return "merging groups would be a loop by hand";
    return work.kind === "generate" ? "the plain loop is the same" : undefined;
  },
  prepare: async (work, events) => preparedLoop(work.kind === "process" ? totals : windows, work, events, new Tally()),
};

interface WindowedEvent {
  /** Last timestamp of the window. */
  readonly last: number;
  readonly event: EventRow;
}

/** Gives each event, and the watermark after each that advances it. */
function eventsOf(work: Work, events: number, watermarks: Subject<number>): Observable<EventRow> {
  return new Observable((subscriber) => {
    const blocks = new RowBlocks(work, events);
    let watermark = -Infinity;
    while (blocks.fill()) {
      for (let at = 0; at < blocks.length; at += 1) {
        const event = blocks.rows[at]!;
        subscriber.next(event);
        if (watermark < event.time - BOUND_MS - 1) watermarks.next((watermark = event.time - BOUND_MS - 1));
      }
    }
    subscriber.complete();
  });
}

function windows(work: Work, events: number, tally: Tally): void {
  const { sizeMs, slideMs } = work;
  const watermarks = new Subject<number>();
  const input = eventsOf(work, events, watermarks);
  const windowed: Observable<WindowedEvent> =
    sizeMs === slideMs
      ? input.pipe(map((event) => ({ last: Math.floor(event.time / sizeMs) * sizeMs + sizeMs - 1, event })))
      : input.pipe(mergeMap((event) => from(windowsOf(event, sizeMs, slideMs))));
  windowed
    .pipe(
      groupBy(({ last }) => last, { duration: ({ key }) => watermarks.pipe(filter((watermark) => key <= watermark)) }),
      mergeMap((window) =>
        window.pipe(
          groupBy(({ event }) => event.key),
          mergeMap((ofKey) =>
            ofKey.pipe(
              reduce((sums, { event }) => ({ ...sums, count: sums.count + 1, sum: sums.sum + event.value }), {
                last: window.key,
                count: 0,
                sum: 0,
              }),
            ),
          ),
        ),
      ),
    )
    .subscribe(({ last, count, sum }) => tally.add(last, count, sum));
}

function windowsOf(event: EventRow, sizeMs: number, slideMs: number): WindowedEvent[] {
  const windows: WindowedEvent[] = [];
  const latest = Math.floor(event.time / slideMs) * slideMs;
  for (let start = latest; event.time - sizeMs < start; start -= slideMs) windows.push({ last: start + sizeMs - 1, event });
  return windows;
}

function totals(work: Work, events: number, tally: Tally): void {
  eventsOf(work, events, new Subject())
    .pipe(
      groupBy((event) => event.key),
      mergeMap((ofKey) =>
        ofKey.pipe(scan((before, { value, time }) => ({ total: before.total + value, time }), { total: 0, time: 0 })),
      ),
    )
    .subscribe(({ total, time }) => tally.add(time, 1, total));
}
