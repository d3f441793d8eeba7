import {
  count,
  DynamicEventTimeSessionWindows,
  first,
  GlobalWindows,
  type KeyedStream,
  last,
  max,
  milliseconds,
  type SingleOutputStreamOperator,
  sum,
  TumblingProcessingTimeWindows,
  type Window,
  type WindowAssigner,
  type WindowedStream,
} from "tamias";
import type { AssignerSpec, ContentsSpec, StageSpec, WindowSpec } from "./job-spec.ts";
import type { Row } from "./rows.ts";
import { Bookkeeper, FOLD, LATE, reduceRows, windowRow, WindowTeller } from "./stage-functions.ts";
import { timeWindowsOf } from "./time-window-spec.ts";

// Like the files that it imports, this one names the package alone, so that jobs on other hosts can be made of it.

/** The stage written behind a keyed stream. */
export function stageStream(keyed: KeyedStream<Row, unknown>, stage: StageSpec): SingleOutputStreamOperator<Row> {
  switch (stage.kind) {
    case "reduce":
      return keyed.reduce(reduceRows);
    case "sum":
      return keyed.sum("value");
    case "process":
      return keyed.process(new Bookkeeper(stage.clock));
    case "count":
      return withContents(keyed.countWindow(stage.size, stage.slide), stage.contents, false);
    case "window":
      return windowed(keyed, stage);
  }
}

function windowed(keyed: KeyedStream<Row, unknown>, spec: WindowSpec): SingleOutputStreamOperator<Row> {
  const stream = keyed.window(assignerOf(spec.assigner)).allowedLateness(milliseconds(spec.latenessMs));
  if (spec.sideOutput) stream.sideOutputLateData(LATE);
  return withContents(stream, spec.contents, spec.remembers && !isSession(spec.assigner));
}

export function assignerOf(spec: AssignerSpec): WindowAssigner<Row, Window> {
  switch (spec.kind) {
    case "dynamic session":
      return DynamicEventTimeSessionWindows.withDynamicGap<Row>((row) => dynamicGapMs(spec.gapMs, row));
    case "end of stream":
      return GlobalWindows.createWithEndOfStreamTrigger();
    case "clock":
      return TumblingProcessingTimeWindows.of(milliseconds(spec.sizeMs));
    default:
      return timeWindowsOf(spec);
  }
}

function withContents(stream: WindowedStream<Row, unknown, Window>, contents: ContentsSpec, remembers: boolean): SingleOutputStreamOperator<Row> {
  switch (contents) {
    case "list":
      return stream.process(tellerOfRows(remembers));
    case "apply":
      return stream.apply<Row>((_key, { start, end }, rows, out) => {
        const { key, value, text } = tellRows([...rows]);
        out.collect(windowRow({ start, end, isRefiring: undefined, firings: undefined }, key, value, text));
      });
    case "reduce":
      return stream.reduce(reduceRows);
    case "reduce and process":
      return stream.reduce(reduceRows, new WindowTeller<Row>(remembers, ([row]) => ({ key: row!.key, value: row!.value, text: row!.note })));
    case "fold":
      return stream.aggregate(FOLD, new WindowTeller<Row>(remembers, ([row]) => ({ key: row!.key, value: row!.value, text: row!.note })));
    case "built-in":
      return stream.aggregate(
        { rows: count(), total: sum("value"), most: max("value"), key: max("key"), from: first("note"), to: last("note") },
        new WindowTeller(remembers, ([result]) => {
          const { rows, total, most, key, from, to } = result as { rows: number; total: number; most: number; key: number; from: string; to: string };
          return { key, value: total, text: `${rows} rows to ${most} from ${from} to ${to}` };
        }),
      );
  }
}

export function tellRows(rows: readonly Row[]): { readonly key: number; readonly value: number; readonly text: string } {
  const value = rows.reduce((total, row) => total + row.value, 0);
  return { key: rows.at(-1)!.key, value, text: rows.map(({ note }) => note).join(",") };
}

export function tellerOfRows(remembers: boolean): WindowTeller<Row> {
  return new WindowTeller<Row>(remembers, tellRows);
}

export function isSession({ kind }: AssignerSpec): boolean {
  return kind === "session" || kind === "dynamic session";
}

export function dynamicGapMs(gapMs: number, row: Row): number {
  return gapMs + (row.value % 4) * 5;
}

/** Whether the results of a stage have timestamps that stand for event time. */
export function keepsTime(stage: StageSpec): boolean {
  if (stage.kind === "window") return stage.assigner.kind !== "clock" && stage.assigner.kind !== "end of stream";
  return stage.kind !== "count";
}
