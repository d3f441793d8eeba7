import {
  columnsOf,
  count,
  GlobalWindows,
  max,
  milliseconds,
  sum,
  TumblingEventTimeWindows,
  type DataStream,
  type JobArgs,
  type KeyedStream,
  type SingleOutputStreamOperator,
  type StreamExecutionEnvironment,
} from "tamias";
import { keyOfRow, type Row } from "../../laws/rows.ts";
import { LATE, SIDE } from "../../laws/stage-functions.ts";
import { stageStream } from "../../laws/stage-streams.ts";
import { randomSource } from "./random-sources.ts";
import { randomSpec, type HostKeyForm, type RandomSpec } from "./random-spec.ts";
import { addSteps } from "./random-steps.ts";
import { numberOf, toResults } from "./results.ts";
import { BucketsOfTwo, totalsStream } from "./totals.ts";

/** A row that has come out of a job, and where. */
export interface RandomResult extends Row {
  /** Which output: `result`, `all`, or the side output that it came by. */
  readonly output: string;
  /** Its timestamp. */
  readonly at: number | string | null;
}

/** `seed` says which job, `records` how many it reads at least: 2,000 where nothing else is said. */
export function job(env: StreamExecutionEnvironment, args: JobArgs): void {
  toResults(results(env, args));
}

export function results(env: StreamExecutionEnvironment, args: JobArgs): DataStream<RandomResult> {
  return writeJob(env, randomSpec(numberOf(args, "seed"), numberOf(args, "records", 2_000)));
}

function writeJob(env: StreamExecutionEnvironment, spec: RandomSpec): DataStream<RandomResult> {
  env.configure({ operatorChaining: spec.chaining, bufferTimeout: spec.bufferTimeoutMs });
  const { seed, ordered: alone, steps } = spec;
  const inputs = spec.sources.map((source, number) => addSteps(randomSource(env, source, { seed, number, alone }), steps, alone));
  const first = firstStage(inputs, spec);
  const between = addSteps(first, spec.between, false);
  const last = spec.second === undefined ? between : totalsStream(keyed(between, spec.keyForm), spec.second).name("keyed 2");
  const outputs = [...[LATE, SIDE].map((tag) => output(first.getSideOutput(tag), tag.id)), ...overAll(last, spec.last)];
  return output(last, "result").union<RandomResult>(...outputs);
}

function firstStage([first, second]: readonly DataStream<Row>[], spec: RandomSpec): SingleOutputStreamOperator<Row> {
  if (first === undefined) throw new Error("a job has a source");
  const stage = spec.first;
  if (second !== undefined && spec.join === "connect" && stage.kind === "buckets") {
    return keyed(first, spec.keyForm).connect(keyed(second, spec.keyForm)).process(new BucketsOfTwo(stage.sizeMs)).name("keyed 1");
  }
  const one = second === undefined ? first : spec.join === "union" ? first.union(second) : first.connect(second).map<Row>((row) => row, (row) => ({ ...row, note: `${row.note}/2` }));
  const stream = keyed(one, spec.keyForm);
  return (stage.kind === "totals" || stage.kind === "buckets" ? totalsStream(stream, stage) : stageStream(stream, stage)).name("keyed 1");
}

function keyed(stream: DataStream<Row>, form: HostKeyForm): KeyedStream<Row, unknown> {
  if (form === "field") return stream.keyBy("key");
  if (form === "expression") return stream.keyBy(columnsOf<Row>()("key").times(37).minus(100));
  return stream.keyBy(keyOfRow(form));
}

/** Totals of all results, in one subtask. */
function overAll(stream: DataStream<Row>, windows: RandomSpec["last"]): readonly DataStream<RandomResult>[] {
  if (windows === undefined) return [];
  const assigner = windows === "tumbling" ? TumblingEventTimeWindows.of(milliseconds(500)) : GlobalWindows.createWithEndOfStreamTrigger();
  const totals = stream
    .windowAll(assigner as TumblingEventTimeWindows)
    .aggregate({ rows: count(), value: sum("value"), key: max("key"), time: max("time") })
    .map(({ rows, value, key, time }): Row => ({ id: -1, key, time, value, note: `${rows} rows` }));
  return [output(totals, "all")];
}

function output(stream: DataStream<Row>, name: string): DataStream<RandomResult> {
  return stream.process<RandomResult>((row, context, out) => {
    const at = context.timestamp() ?? null;
    out.collect({ ...row, output: name, at: at === null || Number.isFinite(at) ? at : String(at) });
  });
}
