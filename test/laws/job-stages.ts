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
} from "../../core/index.ts";
import type { FactBook } from "./fact-book.ts";
import type { AssignerSpec, ContentsSpec, JobSpec, StageSpec, WindowSpec } from "./job-spec.ts";
import { running, type Model } from "./models.ts";
import { bookkeeping } from "./process-model.ts";
import type { Row } from "./rows.ts";
import { Bookkeeper, FOLD, LATE, reduceRows, windowRow, WindowTeller } from "./stage-functions.ts";
import { timeWindowsOf } from "./time-window-spec.ts";
import { dynamicGapMs, isSession, resultOf, windowing } from "./window-model.ts";

export function addStage(
  book: FactBook,
  keyed: KeyedStream<Row, unknown>,
  stage: StageSpec,
  form: JobSpec["keyForm"],
  seesEveryKey: boolean,
): SingleOutputStreamOperator<Row> {
  return book.add(streamOf(keyed, stage), stage.kind, { stage, isKeyed: true, seesEveryKey, model: modelOfStage(stage, form) });
}

function streamOf(keyed: KeyedStream<Row, unknown>, stage: StageSpec): SingleOutputStreamOperator<Row> {
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

/** Windows of so many rows of a key, the last ones, whenever so many more have come. */
export function countModel({ size, slide, contents }: Extract<StageSpec, { readonly kind: "count" }>): () => Model {
  return () => {
    const held = new Map<number, { row: Row; timestamp: number }[]>();
    const counts = new Map<number, number>();
    return {
      record: (_input, row, timestamp, emit) => {
        const seen = (counts.get(row.key) ?? 0) + 1;
        counts.set(row.key, seen);
        const rows = [...(held.get(row.key) ?? []), { row, timestamp }].slice(-size);
        held.set(row.key, rows);
        if (seen % (slide ?? size) !== 0) return;
        emit(resultOf(contents, { start: -Infinity, end: Infinity, isRefiring: false, firings: undefined }, rows), Infinity);
      },
      watermark: () => {},
    };
  };
}

/** The model of a stage; undefined where its results depend on the clock. */
function modelOfStage(stage: StageSpec, form: JobSpec["keyForm"]): (() => Model) | undefined {
  switch (stage.kind) {
    case "reduce":
      return running(reduceRows);
    case "sum":
      return running((left, right) => ({ ...left, value: left.value + right.value }));
    case "process":
      return bookkeeping(form);
    case "count":
      return countModel(stage);
    case "window":
      return stage.assigner.kind === "clock" ? undefined : windowing(stage, form);
  }
}
