import { BOUND_MS, type Work } from "./works.ts";
import { ColumnBlocks, EPOCH_MS, keyNames, RowBlocks } from "./events.ts";
import type { Tally } from "./tally.ts";

/**
 * The works as one writes them by hand, without a library, and with the same meaning: events out of order, a watermark after
 * each, re-firings within the allowed lateness, and records that come too late. Every loop gives exactly the results of the
 * engine.
 *
 * With maps: rows in a Map of objects, for any key. With typed arrays: columns in arrays indexed by key, for keys that are known
 * to be 0…n − 1, or numbered on the way in.
 */

interface Sums {
  count: number;
  sum: number;
}

interface OpenWindow {
  readonly last: number;
  readonly byKey: Map<number | string, Sums>;
  hasFired: boolean;
}

/** Makes the events and looks at each. */
export function generateRows(work: Work, events: number, tally: Tally): void {
  const blocks = new RowBlocks(work, events);
  while (blocks.fill()) {
    for (let at = 0; at < blocks.length; at += 1) {
      const { key, value } = blocks.rows[at]!;
      tally.see(key as number, value);
    }
  }
}

export function generateColumns(work: Work, events: number, tally: Tally): void {
  const blocks = new ColumnBlocks(work, events);
  while (blocks.fill()) {
    for (let at = 0; at < blocks.length; at += 1) tally.see(blocks.keys[at]!, blocks.values[at]!);
  }
}

/** Tumbling windows, and sliding ones where each window has accumulators of its own: for aggregates that cannot be merged. */
export function windowsWithMaps(work: Work, events: number, tally: Tally): void {
  const { sizeMs, slideMs, allowedLatenessMs } = work;
  const open = new Map<number, OpenWindow>();
  let recent: OpenWindow | undefined;
  let watermark = -Infinity;
  let nextDeadline = Infinity;

  const windowEndingAt = (last: number): OpenWindow => {
    if (recent?.last === last) return recent;
    let window = open.get(last);
    if (window === undefined) {
      window = { last, byKey: new Map(), hasFired: last <= watermark };
      open.set(last, window);
      nextDeadline = Math.min(nextDeadline, window.hasFired ? last + allowedLatenessMs : last);
    }
    return (recent = window);
  };

  const advance = (): void => {
    nextDeadline = Infinity;
    for (const window of open.values()) {
      if (!window.hasFired && window.last <= watermark) {
        window.hasFired = true;
        for (const { count, sum } of window.byKey.values()) tally.add(window.last, count, sum);
      }
      if (window.last + allowedLatenessMs <= watermark) {
        open.delete(window.last);
        if (recent === window) recent = undefined;
      } else nextDeadline = Math.min(nextDeadline, window.hasFired ? window.last + allowedLatenessMs : window.last);
    }
  };

  const blocks = new RowBlocks(work, events);
  while (blocks.fill()) {
    for (let at = 0; at < blocks.length; at += 1) {
      const { key, value, time } = blocks.rows[at]!;
      let isKept = false;
      const latest = Math.floor(time / slideMs) * slideMs;
      for (let start = latest; time - sizeMs < start; start -= slideMs) {
        const last = start + sizeMs - 1;
        if (last + allowedLatenessMs <= watermark) break;
        isKept = true;
        const { byKey } = windowEndingAt(last);
        let sums = byKey.get(key);
        if (sums === undefined) byKey.set(key, (sums = { count: 0, sum: 0 }));
        sums.count += 1;
        sums.sum += value;
        if (last <= watermark) tally.add(last, sums.count, sums.sum);
      }
      if (!isKept) tally.late += 1;
      if (watermark < time - BOUND_MS - 1) {
        watermark = time - BOUND_MS - 1;
        if (nextDeadline <= watermark) advance();
      }
    }
  }
  watermark = Infinity;
  advance();
}

/**
 * Sliding windows as running totals: a slice is added when the window that it ends fires, and taken away after its last window.
 * Exact, because the sums are of integers.
 */
export function slidingWithMaps(work: Work, events: number, tally: Tally): void {
  const { sizeMs, slideMs } = work;
  const slices = new Map<number, Map<number | string, Sums>>();
  const totals = new Map<number | string, Sums>();
  let watermark = -Infinity;
  /** End of the next window to fire, and end of the latest slice. */
  let nextEnd = EPOCH_MS;
  let latestEnd = EPOCH_MS;

  const fire = (): void => {
    for (const [key, { count, sum }] of slices.get(nextEnd - slideMs) ?? []) addTo(totals, key, count, sum);
    for (const { count, sum } of totals.values()) tally.add(nextEnd - 1, count, sum);
    const oldest = nextEnd - sizeMs;
    for (const [key, { count, sum }] of slices.get(oldest) ?? []) addTo(totals, key, -count, -sum);
    slices.delete(oldest);
    nextEnd += slideMs;
  };

  const blocks = new RowBlocks(work, events);
  while (blocks.fill()) {
    for (let at = 0; at < blocks.length; at += 1) {
      const { key, value, time } = blocks.rows[at]!;
      const start = Math.floor(time / slideMs) * slideMs;
      if (start + sizeMs < nextEnd) tally.late += 1;
      else {
        let slice = slices.get(start);
        if (slice === undefined) slices.set(start, (slice = new Map()));
        addTo(slice, key, 1, value);
        // Windows that have fired do not change; the totals are those of windows to come.
        if (start + slideMs < nextEnd) addTo(totals, key, 1, value);
        latestEnd = Math.max(latestEnd, start + slideMs);
      }
      if (watermark < time - BOUND_MS - 1) {
        watermark = time - BOUND_MS - 1;
        while (nextEnd - 1 <= watermark) fire();
      }
    }
  }
  while (nextEnd <= latestEnd + sizeMs - slideMs) fire();
}

function addTo(byKey: Map<number | string, Sums>, key: number | string, count: number, sum: number): void {
  const sums = byKey.get(key);
  if (sums === undefined) byKey.set(key, { count, sum });
  else if (sums.count + count === 0) byKey.delete(key);
  else {
    sums.count += count;
    sums.sum += sum;
  }
}

interface Session extends Sums {
  start: number;
  /** Outside, as everywhere: `last event + gap`. */
  end: number;
  isOpen: boolean;
}

/** More than gap and bound together: no two ends that are due share a bucket. */
const SESSION_BUCKETS = 1_024;

/** Sessions: the open ones of each key, and each in the bucket of the ms in which it ends. */
export function sessionsWithMaps(work: Work, events: number, tally: Tally): void {
  const { gapMs } = work;
  const byKey = new Map<number | string, Session[]>();
  const endingAt: { readonly key: number | string; readonly session: Session }[][] = Array.from(
    { length: SESSION_BUCKETS },
    () => [],
  );
  /** ms since EPOCH_MS, so that buckets are found by integers. */
  let watermark = -2 * BOUND_MS;

  const fireAt = (time: number): void => {
    const bucket = endingAt[time & (SESSION_BUCKETS - 1)]!;
    for (const { key, session } of bucket) {
      if (!session.isOpen || session.end - 1 !== time) continue;
      session.isOpen = false;
      const sessions = byKey.get(key)!;
      sessions.splice(sessions.indexOf(session), 1);
      tally.add(EPOCH_MS + time, session.count, session.sum);
    }
    bucket.length = 0;
  };

  const blocks = new RowBlocks(work, events);
  while (blocks.fill()) {
    for (let at = 0; at < blocks.length; at += 1) {
      const { key, value } = blocks.rows[at]!;
      const time = blocks.rows[at]!.time - EPOCH_MS;
      let sessions = byKey.get(key);
      if (sessions === undefined) byKey.set(key, (sessions = []));
      const { session, endBefore } = sessionOf(sessions, time, gapMs);
      if (session.end - 1 <= watermark) {
        sessions.splice(sessions.indexOf(session), 1);
        tally.late += 1;
      } else {
        session.count += 1;
        session.sum += value;
        if (session.end !== endBefore) endingAt[(session.end - 1) & (SESSION_BUCKETS - 1)]!.push({ key, session });
      }
      const next = time - BOUND_MS - 1;
      while (watermark < next) fireAt((watermark += 1));
    }
  }
  for (let more = 0; more < SESSION_BUCKETS; more += 1) fireAt((watermark += 1));
}

/**
 * The session that an event belongs to, after it has joined the ones that it touches, or a new one; and when that ended before.
 */
function sessionOf(sessions: Session[], time: number, gapMs: number): { readonly session: Session; readonly endBefore: number } {
  let found: Session | undefined;
  let endBefore = NaN;
  for (let at = sessions.length - 1; 0 <= at; at -= 1) {
    const session = sessions[at]!;
    if (time + gapMs < session.start || session.end < time) continue;
    if (found === undefined) {
      found = session;
      endBefore = session.end;
      found.start = Math.min(found.start, time);
      found.end = Math.max(found.end, time + gapMs);
    } else {
      found.start = Math.min(found.start, session.start);
      found.end = Math.max(found.end, session.end);
      found.count += session.count;
      found.sum += session.sum;
      session.isOpen = false;
      sessions.splice(at, 1);
    }
  }
  if (found === undefined) sessions.push((found = { start: time, end: time + gapMs, count: 0, sum: 0, isOpen: true }));
  return { session: found, endBefore };
}

/** The running total of each key, one result an event. */
export function totalsWithMaps(work: Work, events: number, tally: Tally): void {
  const totals = new Map<number | string, number>();
  const blocks = new RowBlocks(work, events);
  while (blocks.fill()) {
    for (let at = 0; at < blocks.length; at += 1) {
      const { key, value, time } = blocks.rows[at]!;
      const total = (totals.get(key) ?? 0) + value;
      totals.set(key, total);
      tally.add(time, 1, total);
    }
  }
}

export function totalsWithArrays(work: Work, events: number, tally: Tally): void {
  const totals = new Int32Array(work.keys);
  const { keys, values, times, ...rest } = columnsOf(work, events);
  while (rest.blocks.fill()) {
    for (let at = 0; at < rest.blocks.length; at += 1) {
      const key = keys[at]!;
      const total = totals[key]! + values[at]!;
      totals[key] = total;
      tally.add(times[at]!, 1, total);
    }
  }
}

function columnsOf(
  work: Work,
  events: number,
): { blocks: ColumnBlocks; keys: Int32Array; values: Int32Array; times: Float64Array } {
  const blocks = new ColumnBlocks(work, events);
  const { keys, values, times } = blocks;
  return { blocks, keys, values, times };
}

/** The sums of one slice, dense by key, with the keys that have any. */
class DenseSums {
  readonly counts: Int32Array;
  readonly sums: Int32Array;
  readonly touched: Int32Array;
  touchedCount = 0;

  constructor(keys: number) {
    this.counts = new Int32Array(keys);
    this.sums = new Int32Array(keys);
    this.touched = new Int32Array(keys);
  }

  add(key: number, value: number): void {
    const count = this.counts[key]!;
    if (count === 0) {
      this.touched[this.touchedCount] = key;
      this.touchedCount += 1;
    }
    this.counts[key] = count + 1;
    this.sums[key] = this.sums[key]! + value;
  }

  clear(): void {
    for (let at = 0; at < this.touchedCount; at += 1) {
      const key = this.touched[at]!;
      this.counts[key] = 0;
      this.sums[key] = 0;
    }
    this.touchedCount = 0;
  }
}

/** A power of two above the windows of 1 s that are open at a time, lateness of 5 s included. */
const OPEN_WINDOWS_MAX = 16;

/** The sums of windows or slices, dense by key, in a ring by number of the window. */
class RingOfSums {
  readonly keys: number;
  readonly counts: Int32Array;
  readonly sums: Int32Array;

  constructor(keys: number) {
    this.keys = keys;
    this.counts = new Int32Array(keys * OPEN_WINDOWS_MAX);
    this.sums = new Int32Array(keys * OPEN_WINDOWS_MAX);
  }

  /** Where the sums of a window begin. */
  at(window: number): number {
    return (window & (OPEN_WINDOWS_MAX - 1)) * this.keys;
  }

  fire(window: number, last: number, tally: Tally): void {
    const { counts, sums } = this;
    const at = this.at(window);
    for (let slot = at; slot < at + this.keys; slot += 1) if (0 < counts[slot]!) tally.add(last, counts[slot]!, sums[slot]!);
  }

  clear(window: number): void {
    const at = this.at(window);
    this.counts.fill(0, at, at + this.keys);
    this.sums.fill(0, at, at + this.keys);
  }
}

/** Tumbling windows; string keys come as strings and are numbered by a Map. */
export function tumblingWithArrays(work: Work, events: number, tally: Tally): void {
  const { sizeMs, allowedLatenessMs } = work;
  const ring = new RingOfSums(work.keys);
  const { counts, sums } = ring;
  const numberOf = work.keyKind === "string" ? numbered(keyNames(work)) : undefined;
  // Windows are counted, and time is measured, from eight windows before EPOCH_MS: integers that are never negative.
  const origin = EPOCH_MS - 8 * sizeMs;
  let watermark = 0;
  let nextToFire = 0;
  let nextToDrop = 0;
  let nextDeadline = 0;
  let latest = 0;
  const { blocks, keys, values, times } = columnsOf(work, events);
  while (blocks.fill()) {
    const { length } = blocks;
    for (let at = 0; at < length; at += 1) {
      const time = (times[at]! - origin) | 0;
      const key = numberOf === undefined ? keys[at]! : numberOf(keys[at]!);
      const window = (time / sizeMs) | 0;
      if (window < nextToDrop) tally.late += 1;
      else {
        const slot = ring.at(window) + key;
        counts[slot] = counts[slot]! + 1;
        sums[slot] = sums[slot]! + values[at]!;
        if (window < nextToFire) tally.add(origin + (window + 1) * sizeMs - 1, counts[slot]!, sums[slot]!);
        if (latest < window) latest = window;
      }
      if (time - BOUND_MS - 1 <= watermark) continue;
      watermark = time - BOUND_MS - 1;
      if (watermark < nextDeadline) continue;
      for (; (nextToFire + 1) * sizeMs - 1 <= watermark; nextToFire += 1)
        ring.fire(nextToFire, origin + (nextToFire + 1) * sizeMs - 1, tally);
      for (; (nextToDrop + 1) * sizeMs - 1 + allowedLatenessMs <= watermark; nextToDrop += 1) ring.clear(nextToDrop);
      nextDeadline = Math.min((nextToFire + 1) * sizeMs - 1, (nextToDrop + 1) * sizeMs - 1 + allowedLatenessMs);
    }
  }
  for (; nextToFire <= latest; nextToFire += 1) ring.fire(nextToFire, origin + (nextToFire + 1) * sizeMs - 1, tally);
}

/** What a loop over dictionary-encoded strings does without trusting the dictionary's numbers: it looks each string up. */
function numbered(names: readonly string[]): (key: number) => number {
  const numbers = new Map<string, number>();
  return (key) => {
    const name = names[key]!;
    let number = numbers.get(name);
    if (number === undefined) numbers.set(name, (number = numbers.size));
    return number;
  };
}

/** Sliding windows as running totals over a ring of slices; see `slidingWithMaps`. */
export function slidingWithArrays(work: Work, events: number, tally: Tally): void {
  const { slideMs } = work;
  const perWindow = work.sizeMs / slideMs;
  const ring = Array.from({ length: perWindow + OPEN_WINDOWS_MAX }, () => new DenseSums(work.keys));
  const sliceAt = (index: number): DenseSums => ring[(index + ring.length) % ring.length]!;
  const counts = new Int32Array(work.keys);
  const sums = new Int32Array(work.keys);
  /** The slice that the next window to fire ends with, counted from EPOCH_MS; time and watermark are ms since then. */
  let nextLast = -1;
  let latest = 0;
  let watermark = -BOUND_MS * 2;

  const fire = (): void => {
    const newest = sliceAt(nextLast);
    for (let at = 0; at < newest.touchedCount; at += 1) {
      const key = newest.touched[at]!;
      counts[key] = counts[key]! + newest.counts[key]!;
      sums[key] = sums[key]! + newest.sums[key]!;
    }
    const last = EPOCH_MS + (nextLast + 1) * slideMs - 1;
    for (let key = 0; key < counts.length; key += 1) if (0 < counts[key]!) tally.add(last, counts[key]!, sums[key]!);
    const oldest = sliceAt(nextLast - perWindow + 1);
    for (let at = 0; at < oldest.touchedCount; at += 1) {
      const key = oldest.touched[at]!;
      counts[key] = counts[key]! - oldest.counts[key]!;
      sums[key] = sums[key]! - oldest.sums[key]!;
    }
    oldest.clear();
    nextLast += 1;
  };

  const { blocks, keys, values, times } = columnsOf(work, events);
  while (blocks.fill()) {
    for (let at = 0; at < blocks.length; at += 1) {
      const time = (times[at]! - EPOCH_MS) | 0;
      const key = keys[at]!;
      const index = Math.floor(time / slideMs);
      if (index + perWindow - 1 < nextLast) tally.late += 1;
      else {
        sliceAt(index).add(key, values[at]!);
        if (index < nextLast) {
          counts[key] = counts[key]! + 1;
          sums[key] = sums[key]! + values[at]!;
        }
        if (latest < index) latest = index;
      }
      if (watermark < time - BOUND_MS - 1) {
        watermark = time - BOUND_MS - 1;
        while ((nextLast + 1) * slideMs - 1 <= watermark) fire();
      }
    }
  }
  while (nextLast < latest + perWindow) fire();
}
