import type { KeyId } from "../../core/data/key.ts";
import { keyGroupOf } from "../../core/state/key-groups.ts";
import type { PanesOptions } from "../../core/windows/pane-layout.ts";
import type { TimeWindow } from "../../core/windows/time-window.ts";

export const MAX_PARALLELISM = 8;

interface Entry {
  readonly key: KeyId;
  readonly start: number;
  readonly end: number;
  readonly position: number;
  readonly contents: readonly string[];
}

interface Pane {
  readonly key: KeyId;
  readonly window: TimeWindow;
  fires: boolean;
}

/** The invariants of panes.ts once more, by looking through everything each time. */
export class ModelPanes {
  readonly #options: PanesOptions<string, string[]>;
  /** Contents of windows, or of slices. */
  #entries: Entry[] = [];
  /** Every (key, window) that is not dropped. */
  #panes: Pane[] = [];
  #positions = 0;

  constructor(options: PanesOptions<string, string[]>) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.length;
  }

  add(key: KeyId, windows: readonly TimeWindow[], record: string, timestamp: number, firedUntil: number): void {
    for (const { start, end } of this.#spansOf(windows, timestamp)) {
      const present = this.#entries.find((entry) => Object.is(entry.key, key) && entry.start === start && entry.end === end);
      this.#entries = this.#entries.filter((entry) => entry !== present);
      const position = present?.position ?? (this.#positions += 1);
      this.#entries.push({ key, start, end, position, contents: [...(present?.contents ?? []), record] });
    }
    for (const window of windows) this.#keep(key, window, firedUntil);
  }

  read(key: KeyId, window: TimeWindow): string[] | undefined {
    const parts = this.#partsOf(key, window);
    return parts.length === 0 ? undefined : parts.flatMap(({ contents }) => contents);
  }

  merge(key: KeyId, target: TimeWindow, sources: readonly TimeWindow[], firedUntil: number): void {
    const parts = sources.flatMap((source) => this.#partsOf(key, source));
    if (parts.length === 0) return;
    this.#entries = this.#entries.filter((entry) => !parts.includes(entry));
    const isSource = (pane: Pane): boolean => Object.is(pane.key, key) && sources.some((source) => source.equals(pane.window));
    this.#panes = this.#panes.filter((pane) => !isSource(pane));
    this.#entries.push({
      key,
      start: target.start,
      end: target.end,
      position: Math.min(...parts.map(({ position }) => position)),
      contents: parts.flatMap(({ contents }) => contents),
    });
    this.#keep(key, target, firedUntil);
  }

  nextDeadline(): number {
    const { deadlines } = this.#options;
    return Math.min(
      ...this.#panes.filter(({ fires }) => fires).map(({ window }) => deadlines.fireTime(window)),
      ...this.#panes.map(({ window }) => deadlines.dropTime(window)),
    );
  }

  fireDue(time: number): { readonly key: KeyId; readonly window: string; readonly records: string[] }[] {
    const due = this.#panes.filter(({ window, fires }) => fires && this.#options.deadlines.fireTime(window) <= time);
    for (const pane of due) pane.fires = false;
    return this.#inOrder(due).map(({ key, window }) => ({ key, window: `${window}`, records: this.read(key, window)! }));
  }

  dropDue(time: number): unknown[] {
    const due = this.#panes.filter(({ window }) => this.#options.deadlines.dropTime(window) <= time);
    const dropped = this.#inOrder(due).map(({ key, window }) => [key, `${window}`]);
    this.#panes = this.#panes.filter((pane) => !due.includes(pane));
    this.#entries = this.#entries.filter(({ key, start, end }) =>
      this.#panes.some((pane) => Object.is(pane.key, key) && pane.window.start <= start && end <= pane.window.end),
    );
    return dropped;
  }

  #keep(key: KeyId, window: TimeWindow, firedUntil: number): void {
    if (this.#panes.some((pane) => Object.is(pane.key, key) && pane.window.equals(window))) return;
    this.#panes.push({ key, window, fires: firedUntil < this.#options.deadlines.fireTime(window) });
  }

  #spansOf(windows: readonly TimeWindow[], timestamp: number): readonly { readonly start: number; readonly end: number }[] {
    const { slices } = this.#options;
    if (slices === undefined) return windows;
    const { sliceMs, offsetMs } = slices;
    const start = Math.floor((timestamp - offsetMs) / sliceMs) * sliceMs + offsetMs;
    return [{ start, end: start + sliceMs }];
  }

  #partsOf(key: KeyId, window: TimeWindow): Entry[] {
    return this.#entries
      .filter((entry) => Object.is(entry.key, key) && window.start <= entry.start && entry.end <= window.end)
      .filter((entry) => this.#options.slices !== undefined || (entry.start === window.start && entry.end === window.end))
      .sort((a, b) => a.start - b.start);
  }

  #inOrder(panes: readonly Pane[]): Pane[] {
    const rank = ({ key, window }: Pane): readonly number[] => [
      window.maxTimestamp(),
      window.start,
      keyGroupOf(key, MAX_PARALLELISM),
      this.#partsOf(key, window)[0]!.position,
    ];
    return [...panes].sort((a, b) => {
      const [left, right] = [rank(a), rank(b)];
      const index = left.findIndex((value, at) => value !== right[at]);
      return index < 0 ? 0 : left[index]! < right[index]! ? -1 : 1;
    });
  }
}
