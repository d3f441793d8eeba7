import type { MetricsRow } from "tamias";
import type { JobPlan, LateCounts, SubtaskSample, VertexSample } from "./engine.ts";

/** Rates and shares are of about the last second: shorter ones jump. */
const SPAN_MS = 1_000;

interface Counts {
  readonly recordsIn: number;
  readonly recordsOut: number;
  readonly busyMs: number;
  readonly idleMs: number;
  readonly backpressuredMs: number;
  readonly watermark: number;
}

interface Taken {
  readonly at: number;
  /** By uid and subtask. */
  readonly counts: ReadonlyMap<string, Counts>;
}

export interface Measures {
  readonly vertices: readonly VertexSample[];
  readonly recordsRead: number;
  readonly recordsPerSecond: number;
  readonly newest: number;
  readonly watermark: number;
  readonly late: LateCounts;
}

/** Makes rates of counters: each time it is given them, it compares with those of a second ago. */
export class Sampler {
  readonly #plan: JobPlan;
  readonly #taken: Taken[] = [];

  constructor(plan: JobPlan) {
    this.#plan = plan;
  }

  /** `at` in ms. */
  take(rows: readonly MetricsRow[], at: number): Measures {
    const now: Taken = { at, counts: new Map(rows.map((row) => [placeOf(row.uid, row.subtask), countsOf(row)])) };
    while (1 < this.#taken.length && SPAN_MS <= at - this.#taken[1]!.at) this.#taken.shift();
    const before = this.#taken[0] ?? now;
    this.#taken.push(now);
    const vertices = this.#plan.vertices.map((vertex) => vertexSample(vertex, before, now));
    const isSource = this.#plan.vertices.map(({ id }) => !this.#plan.edges.some(({ to }) => to === id));
    return {
      vertices,
      recordsRead: this.#recordsRead(now),
      recordsPerSecond: vertices.reduce((sum, { recordsPerSecond }, index) => (isSource[index] === true ? sum + recordsPerSecond : sum), 0),
      newest: Math.max(-Infinity, ...watermarksOf(rows, WATERMARKS)) + OUT_OF_ORDERNESS_MS + 1,
      watermark: Math.min(Infinity, ...watermarksOf(rows, WINDOWS)),
      late: lateCounts(rows),
    };
  }

  #recordsRead(now: Taken): number {
    const sources = this.#plan.vertices.filter(({ id }) => !this.#plan.edges.some(({ to }) => to === id));
    return sources.reduce((sum, { operators, parallelism }) => {
      for (let subtask = 0; subtask < parallelism; subtask += 1) sum += now.counts.get(placeOf(operators[0]!.uid, subtask))?.recordsOut ?? 0;
      return sum;
    }, 0);
  }
}

/** What is left of measures when nothing is measured any more. */
export function atRest<M extends Measures>(measures: M): M {
  const vertices = measures.vertices.map(({ subtasks }) => ({ recordsPerSecond: 0, subtasks: subtasks.map(({ watermark }) => ({ recordsPerSecond: 0, busy: 0, backpressured: 0, idle: 0, watermark })) }));
  return { ...measures, recordsPerSecond: 0, vertices };
}

/** As the job names them. */
const WATERMARKS = "Timestamps/Watermarks";
const WINDOWS = "hourly delays";
const TOO_LATE = "too late";
/** How much earlier than the newest record the job's watermark is, and one ms. */
const OUT_OF_ORDERNESS_MS = 30 * 60_000;

/** Of both ends at one moment, so that they can be compared. */
function watermarksOf(rows: readonly MetricsRow[], name: string): number[] {
  return rows.filter(({ operator }) => operator === name).map(({ metrics }) => metrics.currentWatermark);
}

function lateCounts(rows: readonly MetricsRow[]): LateCounts {
  const late = { kept: 0, refirings: 0, tooLate: 0 };
  for (const { operator, metrics } of rows) {
    late.kept += metrics.lateRecordsKept;
    late.refirings += metrics.refirings;
    if (operator === TOO_LATE) late.tooLate += metrics.recordsIn;
  }
  return late;
}

function vertexSample({ operators, parallelism }: JobPlan["vertices"][number], before: Taken, now: Taken): VertexSample {
  const uid = operators[0]!.uid;
  const subtasks = Array.from({ length: parallelism }, (_, subtask) => subtaskSample(placeOf(uid, subtask), before, now));
  return { subtasks, recordsPerSecond: subtasks.reduce((sum, { recordsPerSecond }) => sum + recordsPerSecond, 0) };
}

function subtaskSample(place: string, before: Taken, now: Taken): SubtaskSample {
  const current = now.counts.get(place);
  const earlier = before.counts.get(place) ?? current;
  if (current === undefined || earlier === undefined) return { recordsPerSecond: 0, busy: 0, backpressured: 0, idle: 0, watermark: -Infinity };
  const ms = Math.max(1, now.at - before.at);
  const share = (spent: number): number => Math.min(1, Math.max(0, spent / ms));
  // What a source takes in is nothing.
  const records = Math.max(current.recordsIn - earlier.recordsIn, current.recordsIn === 0 ? current.recordsOut - earlier.recordsOut : 0);
  return {
    recordsPerSecond: (records / ms) * 1_000,
    busy: share(current.busyMs - earlier.busyMs),
    backpressured: share(current.backpressuredMs - earlier.backpressuredMs),
    idle: share(current.idleMs - earlier.idleMs),
    watermark: current.watermark,
  };
}

function countsOf({ metrics }: MetricsRow): Counts {
  const { recordsIn, recordsOut, busyMs, idleMs, backpressuredMs, currentWatermark } = metrics;
  return { recordsIn, recordsOut, busyMs, idleMs, backpressuredMs, watermark: currentWatermark };
}

function placeOf(uid: string, subtask: number): string {
  return `${uid}/${subtask}`;
}
