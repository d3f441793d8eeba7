/** A finite or infinite span of time that records are grouped by. Windows are immutable values. */
export interface Window {
  /** First timestamp inside; −∞ for the global window. */
  readonly start: number;
  /** First timestamp after it; +∞ for the global window. */
  readonly end: number;
  /** The largest timestamp (ms) that belongs to it; an event-time window fires when the watermark reaches it. */
  maxTimestamp(): number;
}

/** The span `[start, end)`, in ms since the epoch. */
export class TimeWindow implements Window {
  readonly start: number;
  readonly end: number;

  constructor(start: number, end: number) {
    this.start = start;
    this.end = end;
  }

  getStart(): number {
    return this.start;
  }

  getEnd(): number {
    return this.end;
  }

  maxTimestamp(): number {
    return this.end - 1;
  }

  /** Whether they overlap *or touch*: sessions of which one ends where the other starts are one session. */
  intersects(other: Window): boolean {
    return this.start <= other.end && other.start <= this.end;
  }

  /** The smallest window that holds both. */
  cover(other: Window): TimeWindow {
    return new TimeWindow(Math.min(this.start, other.start), Math.max(this.end, other.end));
  }

  equals(other: Window): boolean {
    return this.start === other.start && this.end === other.end;
  }

  toString(): string {
    return `[${this.start}, ${this.end})`;
  }
}

/**
 * The one window that holds everything, for ever: `GlobalWindow.get()`. Its results carry no end, so its last timestamp is +∞.
 */
export class GlobalWindow implements Window {
  readonly start = -Infinity;
  readonly end = Infinity;
  static #instance: GlobalWindow | undefined;

  private constructor() {}

  static get(): GlobalWindow {
    GlobalWindow.#instance ??= new GlobalWindow();
    return GlobalWindow.#instance;
  }

  maxTimestamp(): number {
    return Infinity;
  }

  equals(other: Window): boolean {
    return other instanceof GlobalWindow;
  }

  toString(): string {
    return "GlobalWindow";
  }
}

/**
 * Start of the window that holds `timestamp` where windows of `size` ms begin at `offset` and every `size` ms before and after.
 * Flink's getWindowStartWithOffset, without the remainder, which is slow on doubles. Exact for whole numbers with |timestamp −
 * offset| < 2^53.
 */
export function windowStart(timestamp: number, offset: number, size: number): number {
  return Math.floor((timestamp - offset) / size) * size + offset;
}

/** The order in which windows fire: by their last timestamp, then by their start. */
export function compareWindows(a: Window, b: Window): number {
  // Not by subtraction: ∞ − ∞ is NaN.
  if (a.end !== b.end) return a.end < b.end ? -1 : 1;
  if (a.start !== b.start) return a.start < b.start ? -1 : 1;
  return 0;
}
