import { StreamExecutionEnvironment } from "../../core/api/stream-execution-environment.ts";
import type { DataStream, KeyedStream, SingleOutputStreamOperator } from "../../core/index.ts";
import type { StreamGraph } from "../../core/graph/stream-graph.ts";
import { FactBook, type NodeFacts } from "./fact-book.ts";
import { addSource, rowsOfSource } from "./job-sources.ts";
import { addStage } from "./job-stages.ts";
import type { JobSpec, StepSpec } from "./job-spec.ts";
import { MAX_PARALLELISM, stateless } from "./models.ts";
import { bookkeeping } from "./process-model.ts";
import { copiesOf, mapRow, passes, rowAndCopy } from "./row-steps.ts";
import { keyOfRow, type Row } from "./rows.ts";
import { CLOCK, LATE, SIDE, TwoInputBookkeeper } from "./stage-functions.ts";
import { keepsTime } from "./stage-streams.ts";
import { type Committed, transactionalSink } from "./transactional-sink.ts";

export interface BuiltJob {
  readonly graph: StreamGraph;
  /** By name of the operator. */
  readonly facts: ReadonlyMap<string, NodeFacts>;
}

/** Writes the job anew, functions and all. */
export function buildJob(spec: JobSpec, committed: Committed): BuiltJob {
  const { parallelism, firePanesPerTurn, bufferTimeoutMs, chaining, sinkDelayMs } = spec.execution;
  const refusing = {
    submit: (): never => {
      throw new Error("random jobs are run by hand");
    },
  };
  const env = new StreamExecutionEnvironment(refusing, {
    parallelism,
    maxParallelism: MAX_PARALLELISM,
    firePanesPerTurn,
    bufferTimeout: bufferTimeoutMs,
    operatorChaining: chaining,
  });
  const book = new FactBook();
  const sink = (stream: DataStream<Row>, port: string, delayMs: number): void => {
    const render = (row: Row, timestamp: number | undefined): string => `${port}|${JSON.stringify(row)}|${timestamp}`;
    book.add(stream.sinkTo(transactionalSink(committed, { name: String(book.facts.size), delayMs, render })), "sink", {});
  };
  const streams = spec.sources.map((source, index) => {
    const rows = rowsOfSource(source, index);
    return addSteps(book, addSource(env, book, source, rows), source.steps, spec);
  });
  const stage = (stream: SingleOutputStreamOperator<Row>): void => {
    for (const tag of [LATE, SIDE, CLOCK]) sink(stream.getSideOutput(tag), tag.id, 0);
  };
  const first = join(book, spec, streams);
  stage(first);
  let last: DataStream<Row> = first;
  if (spec.second !== undefined && keepsTime(spec.first)) {
    const keyed = addSteps(book, first, spec.between, spec).keyBy(keyOfRow(spec.keyForm));
    const second = addStage(book, keyed as KeyedStream<Row, unknown>, spec.second, spec.keyForm, false);
    stage(second);
    last = second;
  }
  sink(last, "", sinkDelayMs);
  return { graph: env.getStreamGraph("laws"), facts: book.facts };
}

function join(book: FactBook, spec: JobSpec, streams: readonly DataStream<Row>[]): SingleOutputStreamOperator<Row> {
  const [first, second] = streams;
  const keyOf = keyOfRow(spec.keyForm);
  if (second !== undefined && spec.join === "connect") {
    const connected = first!.keyBy(keyOf).connect(second.keyBy(keyOf)) as unknown as {
      process(fn: TwoInputBookkeeper): SingleOutputStreamOperator<Row>;
    };
    return book.add(connected.process(new TwoInputBookkeeper()), "connected", { model: bookkeeping(spec.keyForm), isKeyed: true, seesEveryKey: true });
  }
  const united = second === undefined ? first! : first!.union(second);
  return addStage(book, united.keyBy(keyOf) as KeyedStream<Row, unknown>, spec.first, spec.keyForm, true);
}

function addSteps(book: FactBook, stream: DataStream<Row>, steps: readonly StepSpec[], spec: JobSpec): DataStream<Row> {
  return steps.reduce((before, step) => addStep(book, before, step, spec), stream);
}

function addStep(book: FactBook, stream: DataStream<Row>, step: StepSpec, { execution }: JobSpec): DataStream<Row> {
  switch (step) {
    case "map":
      return book.add(stream.map(mapRow), "map", { model: stateless((row) => [mapRow(row)]) });
    case "filter":
      return book.add(stream.filter(passes), "filter", { model: stateless((row) => (passes(row) ? [row] : [])) });
    case "flatMap to an iterable":
      return book.add(stream.flatMap(copiesOf), "flatMap", { model: stateless((row) => [...copiesOf(row)]) });
    case "flatMap to a collector": {
      const flatMap = (row: Row, out: { collect(row: Row): void }): void => {
        for (const copy of rowAndCopy(row)) out.collect(copy);
      };
      return book.add(stream.flatMap(flatMap), "flatMap", { model: stateless(rowAndCopy) });
    }
    case "process": {
      const process = (row: Row, watermark: number): Row => ({ ...row, note: `${row.note}w${watermark}` });
      const added = stream.process<Row>((row, context, out) => out.collect(process(row, context.timerService().currentWatermark())));
      return book.add(added, "process", { model: stateless((row, watermark) => [process(row, watermark)]) });
    }
    case "disableChaining":
      return book.add(stream.map((row) => row).disableChaining(), "map", { model: stateless((row) => [row]) });
    case "startNewChain":
      return book.add(stream.map((row) => row).startNewChain(), "map", { model: stateless((row) => [row]) });
    case "custom":
      return stream.partitionCustom((key: number, count) => key % count, (row) => row.key);
    case "broadcast":
      // Each row once more for every subtask: once is enough to see it.
      return execution.parallelism === 1 ? stream.broadcast() : book.add(stream.broadcast().map((row) => row), "map", { model: stateless((row) => [row]) });
    default:
      return book.add(stream[step]().map((row) => row), "map", { model: stateless((row) => [row]) });
  }
}
