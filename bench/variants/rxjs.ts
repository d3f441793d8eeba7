import { type GroupedObservable, Observable, Subject, filter, from, groupBy, map, mergeMap, reduce, scan } from "rxjs";
import { type EventRow, RowBlocks } from "../events.ts";
import { type PlainLoop, preparedLoop } from "../plain-run.ts";
import { Tally } from "../tally.ts";
import type { Variant } from "../variant.ts";
import { BOUND_MS, type Work } from "../works.ts";

export const variant: Variant = {
  name: "rxjs",
  title: "RxJS",
  order: 40,
  note:
    "groupBy by window, closed by a stream of watermarks, with reduce into a Map by key; sliding windows as running totals of " +
    "slices, and each event once per window where they cannot be sliced. RxJS has no event time: " +
    "the watermarks are our loop's, and what comes after its group has closed would open it anew.",
  refuses(work) {
    if (work.hasLate) return "a closed group is forgotten: no re-firings";
    if (work.kind === "sessions") return "merging groups would be a loop by hand";
    return work.kind === "generate" ? "the plain loop is the same" : undefined;
  },
  prepare: async (work, events) => preparedLoop(loopOf(work), work, events, new Tally()),
};

function loopOf({ kind }: Work): PlainLoop {
  if (kind === "process") return totals;
  return kind === "sliding" ? slidingWindows : windows;
}

interface WindowedEvent {
  /** Last timestamp of the window. */
  readonly last: number;
  readonly event: EventRow;
}

type Totals = Map<number | string, { count: number; sum: number }>;

/** Gives each event, and the watermark after each that advances it; at the end, those that close what is open in its order. */
function eventsOf(work: Work, events: number, watermarks: Subject<number>): Observable<EventRow> {
  return new Observable((subscriber) => {
    const blocks = new RowBlocks(work, events);
    let [watermark, latest] = [-Infinity, -Infinity];
    while (blocks.fill()) {
      for (let at = 0; at < blocks.length; at += 1) {
        const event = blocks.rows[at]!;
        subscriber.next(event);
        if (latest < event.time) latest = event.time;
        if (watermark < event.time - BOUND_MS - 1) watermarks.next((watermark = event.time - BOUND_MS - 1));
      }
    }
    for (; watermark < latest; watermark += work.slideMs) watermarks.next(watermark);
    subscriber.complete();
  });
}

function windows(work: Work, events: number, tally: Tally): void {
  const { sizeMs, slideMs } = work;
  const watermarks = new Subject<number>();
  const input = eventsOf(work, events, watermarks);
  const windowed: Observable<WindowedEvent> =
    sizeMs === slideMs
      ? input.pipe(map((event) => ({ last: lastOf(event, sizeMs), event })))
      : input.pipe(mergeMap((event) => from(windowsOf(event, sizeMs, slideMs))));
  closedBy(watermarks, windowed)
    .pipe(mergeMap((window) => sumsOf(window).pipe(map((sums) => ({ last: window.key, sums })))))
    .subscribe(({ last, sums }) => {
      for (const { count, sum } of sums.values()) tally.add(last, count, sum);
    });
}

/** Each slice is summed once; then it comes into the totals, and leaves them when the last window that holds it has closed. */
function slidingWindows(work: Work, events: number, tally: Tally): void {
  const { sizeMs, slideMs } = work;
  const watermarks = new Subject<number>();
  const sliced = eventsOf(work, events, watermarks).pipe(map((event) => ({ last: lastOf(event, slideMs), event })));
  const totals: Totals = new Map();
  const slices = new Map<number, Totals>();
  let next: number | undefined;
  const closeNext = (last: number): void => {
    for (const { count, sum } of totals.values()) tally.add(last, count, sum);
    const first = last - sizeMs + slideMs;
    for (const [key, { count, sum }] of slices.get(first) ?? []) {
      added(totals, key, -count, -sum);
      if (totals.get(key)?.count === 0) totals.delete(key);
    }
    slices.delete(first);
    next = last + slideMs;
  };
  closedBy(watermarks, sliced)
    .pipe(mergeMap((slice) => sumsOf(slice).pipe(map((sums) => ({ last: slice.key, sums })))))
    .subscribe({
      next({ last, sums }) {
        while (next !== undefined && next < last) closeNext(next);
        slices.set(last, sums);
        for (const [key, { count, sum }] of sums) added(totals, key, count, sum);
        closeNext(last);
      },
      complete() {
        while (next !== undefined && 0 < slices.size) closeNext(next);
      },
    });
}

type Group = GroupedObservable<number, WindowedEvent>;

/** Groups by window; each ends when the watermark reaches its last timestamp. */
function closedBy(watermarks: Observable<number>, windowed: Observable<WindowedEvent>): Observable<Group> {
  return windowed.pipe(
    groupBy(({ last }) => last, { duration: ({ key }) => watermarks.pipe(filter((watermark) => key <= watermark)) }),
  );
}

/** Sum and count of each key of a group, when it ends: a Map, because each group of a group is a stream to make and to end. */
function sumsOf(group: Group): Observable<Totals> {
  return group.pipe(reduce((totals: Totals, { event: { key, value } }) => added(totals, key, 1, value), new Map()));
}

function added(totals: Totals, key: number | string, count: number, sum: number): Totals {
  const total = totals.get(key);
  if (total === undefined) totals.set(key, { count, sum });
  else {
    total.count += count;
    total.sum += sum;
  }
  return totals;
}

function lastOf({ time }: EventRow, sizeMs: number): number {
  return Math.floor(time / sizeMs) * sizeMs + sizeMs - 1;
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
