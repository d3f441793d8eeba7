import type { AssignerSpec, ContentsSpec, WindowSpec } from "./job-spec.ts";
import { groupOfRow, type Emit, type Model, type ModelCounts } from "./models.ts";
import type { KeyForm, Row } from "./rows.ts";
import { LATE, reduceRows, SIDE, windowRow } from "./stage-functions.ts";
import { dynamicGapMs, isSession } from "./stage-streams.ts";

interface Added {
  readonly row: Row;
  readonly timestamp: number;
  /** In the order in which rows came. */
  readonly order: number;
}

interface Pane {
  readonly key: number;
  readonly group: number;
  readonly start: number;
  readonly end: number;
  /** In the order in which contents are made of them. */
  readonly rows: readonly Added[];
  fired: boolean;
  firings: number;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** Windows of event time, and those that fire at the end of the stream. */
export function windowing(spec: WindowSpec, form: KeyForm | undefined): () => Model {
  return () => new WindowModel(spec, form);
}

class WindowModel implements Model {
  readonly counts: ModelCounts = { late: 0, tooLate: 0, refired: 0, merged: 0 };
  readonly #spec: WindowSpec;
  readonly #form: KeyForm | undefined;
  readonly #sliceMs: number | undefined;
  #panes: Pane[] = [];
  readonly #firingsOfKey = new Map<number, number>();
  #watermark = -Infinity;
  #order = 0;

  constructor(spec: WindowSpec, form: KeyForm | undefined) {
    this.#spec = spec;
    this.#form = form;
    this.#sliceMs = sliceMsOf(spec);
  }

  record(_input: number, row: Row, timestamp: number, emit: Emit): void {
    const { assigner, sideOutput, latenessMs } = this.#spec;
    this.#order += 1;
    const added = { row, timestamp, order: this.#order };
    const spans = spansOf(assigner, row, timestamp);
    const taken = isSession(assigner) ? this.#addToSession(spans[0]!, added) : this.#addToPanes(spans, added);
    if (taken.length === 0) {
      if (this.#watermark < timestamp + latenessMs) return;
      this.counts.tooLate += 1;
      if (sideOutput) emit(row, timestamp, LATE.id);
      return;
    }
    const late = taken.filter((pane) => pane.end - 1 <= this.#watermark).sort(byFiringOrder);
    if (late.length === 0) return;
    this.counts.late += 1;
    for (const pane of late) {
      this.counts.refired += 1;
      this.#fire(pane, true, emit);
    }
  }

  watermark(watermark: number, emit: Emit): void {
    this.#watermark = watermark;
    const due = this.#panes.filter((pane) => !pane.fired && pane.end - 1 <= watermark);
    for (const pane of due.sort(this.#byPosition)) {
      pane.fired = true;
      this.#fire(pane, false, emit);
    }
    const dropped = this.#panes.filter((pane) => this.#isTooLate(pane));
    this.#panes = this.#panes.filter((pane) => !dropped.includes(pane));
    for (const pane of dropped.sort(this.#byPosition)) {
      if (!this.#remembers) continue;
      emit({ id: -1, key: -1, time: 0, value: pane.firings, note: `cleared [${pane.start},${pane.end})` }, pane.end - 1, SIDE.id);
    }
  }

  get #remembers(): boolean {
    return this.#spec.remembers && !isSession(this.#spec.assigner) && this.#spec.contents !== "apply" && this.#spec.contents !== "reduce";
  }

  #isTooLate({ end }: Span): boolean {
    return end - 1 + this.#spec.latenessMs <= this.#watermark;
  }

  #addToPanes(spans: readonly Span[], added: Added): Pane[] {
    const { key } = added.row;
    const taken: Pane[] = [];
    for (const span of spans) {
      // Nothing is too late for the window that is for ever.
      if (this.#isTooLate(span) && span.end !== Infinity) continue;
      const present = this.#panes.find((pane) => pane.key === key && pane.start === span.start && pane.end === span.end);
      taken.push(this.#replace(present === undefined ? [] : [present], span, added));
    }
    return taken;
  }

  #addToSession(span: Span, added: Added): Pane[] {
    const touching = this.#panes.filter((pane) => pane.key === added.row.key && pane.start <= span.end && span.start <= pane.end);
    const merged = {
      start: Math.min(span.start, ...touching.map(({ start }) => start)),
      end: Math.max(span.end, ...touching.map(({ end }) => end)),
    };
    if (this.#isTooLate(merged)) return [];
    if (1 < touching.length) this.counts.merged += 1;
    touching.sort((a, b) => a.start - b.start);
    return [this.#replace(touching, merged, added)];
  }

  #replace(parts: readonly Pane[], { start, end }: Span, added: Added): Pane {
    const rows = [...parts.flatMap((part) => part.rows), added];
    if (this.#sliceMs !== undefined) rows.sort((a, b) => this.#sliceOf(a) - this.#sliceOf(b) || a.order - b.order);
    const [same] = parts;
    const isSame = parts.length === 1 && same!.start === start && same!.end === end;
    const pane = {
      key: added.row.key,
      group: groupOfRow(this.#form, added.row).group,
      start,
      end,
      rows,
      // A session that grew fires at its new end.
      fired: isSame ? same!.fired || end - 1 <= this.#watermark : end - 1 <= this.#watermark,
      firings: isSame ? same!.firings : 0,
    };
    this.#panes = [...this.#panes.filter((each) => !parts.includes(each)), pane];
    return pane;
  }

  #sliceOf({ timestamp }: Added): number {
    const { offsetMs } = this.#spec.assigner as { readonly offsetMs: number };
    return Math.floor((timestamp - offsetMs) / this.#sliceMs!);
  }

  /** The order in which panes fire: within one window by group, then by the row that came first; of a sliced window, to its first slice. */
  readonly #byPosition = (a: Pane, b: Pane): number => byFiringOrder(a, b) || a.group - b.group || this.#positionOf(a) - this.#positionOf(b);

  #positionOf(pane: Pane): number {
    const first = pane.rows[0]!;
    return this.#sliceMs === undefined ? Math.min(...pane.rows.map(({ order }) => order)) : first.order;
  }

  #fire(pane: Pane, isRefiring: boolean, emit: Emit): void {
    pane.firings += 1;
    const ofKey = (this.#firingsOfKey.get(pane.key) ?? 0) + 1;
    this.#firingsOfKey.set(pane.key, ofKey);
    const { contents } = this.#spec;
    const firings = this.#remembers ? ([ofKey, pane.firings] as const) : undefined;
    const { start, end } = pane;
    emit(resultOf(contents, { start, end, isRefiring, firings }, pane.rows), end - 1);
  }
}

/** What a window, or a count window, gives for these rows. */
export function resultOf(
  contents: ContentsSpec,
  firing: { readonly start: number; readonly end: number; readonly isRefiring: boolean; readonly firings: readonly [number, number] | undefined },
  added: readonly { readonly row: Row; readonly timestamp: number }[],
): Row {
  const rows = added.map(({ row }) => row);
  const sum = rows.reduce((total, { value }) => total + value, 0);
  const notes = rows.map(({ note }) => note);
  const { key } = rows.at(-1)!;
  switch (contents) {
    case "reduce":
      return rows.reduce(reduceRows);
    case "reduce and process":
      return windowRow(firing, rows[0]!.key, sum, notes.join("+"));
    case "list":
      return windowRow(firing, key, sum, notes.join(","));
    case "apply":
      return windowRow({ ...firing, isRefiring: undefined, firings: undefined }, key, sum, notes.join(","));
    case "fold":
      return windowRow(firing, key, sum, notes.join("+"));
    case "built-in": {
      const least = Math.min(...added.map(({ timestamp }) => timestamp));
      const most = Math.max(...added.map(({ timestamp }) => timestamp));
      const first = added.find(({ timestamp }) => timestamp === least)!.row.note;
      const last = added.findLast(({ timestamp }) => timestamp === most)!.row.note;
      return windowRow(firing, key, sum, `${rows.length} rows to ${Math.max(...rows.map(({ value }) => value))} from ${first} to ${last}`);
    }
  }
}

function spansOf(assigner: AssignerSpec, row: Row, timestamp: number): Span[] {
  switch (assigner.kind) {
    case "tumbling": {
      const start = Math.floor((timestamp - assigner.offsetMs) / assigner.sizeMs) * assigner.sizeMs + assigner.offsetMs;
      return [{ start, end: start + assigner.sizeMs }];
    }
    case "sliding": {
      const { sizeMs, slideMs, offsetMs } = assigner;
      const spans: Span[] = [];
      for (let start = Math.floor((timestamp - offsetMs) / slideMs) * slideMs + offsetMs; timestamp < start + sizeMs; start -= slideMs) {
        spans.push({ start, end: start + sizeMs });
      }
      return spans;
    }
    case "session":
      return [{ start: timestamp, end: timestamp + assigner.gapMs }];
    case "dynamic session":
      return [{ start: timestamp, end: timestamp + dynamicGapMs(assigner.gapMs, row) }];
    case "end of stream":
      return [{ start: -Infinity, end: Infinity }];
    case "clock":
      throw new Error("windows of the clock are not foretold");
  }
}

/** Sliding windows that overlap are summed from slices where the contents allow it: then earlier slices come first. */
function sliceMsOf({ assigner, contents }: WindowSpec): number | undefined {
  if (assigner.kind !== "sliding" || (contents !== "built-in" && contents !== "fold") || assigner.sizeMs <= assigner.slideMs) return undefined;
  let [a, b] = [assigner.sizeMs, assigner.slideMs];
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

function byFiringOrder(a: Span, b: Span): number {
  if (a.end !== b.end) return a.end - b.end;
  return a.start === b.start ? 0 : a.start - b.start;
}
