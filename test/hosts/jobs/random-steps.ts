import { columnsOf, RichFilterFunction, type DataStream, type SingleOutputStreamOperator } from "tamias";
import { copiesOf, mapRow, passes, rowAndCopy } from "../../laws/row-steps.ts";
import type { Row } from "../../laws/rows.ts";
import type { StepSpec } from "./random-spec.ts";

/** The steps in order; in one subtask where `alone`, so that rows keep their order. */
export function addSteps(stream: DataStream<Row>, steps: readonly StepSpec[], alone: boolean): DataStream<Row> {
  return steps.reduce((before, step) => {
    const added = addStep(before, step);
    return alone ? added.setParallelism(1) : added;
  }, stream);
}

function addStep(stream: DataStream<Row>, step: StepSpec): SingleOutputStreamOperator<Row> {
  const col = columnsOf<Row>();
  switch (step) {
    case "map":
      return stream.map(mapRow);
    case "filter":
      return stream.filter(passes);
    case "filter by expression":
      return stream.filter(col("value").lt(50).or(col("key").gt(20)));
    case "columns by expression":
      return stream.addOrReplaceColumns(col("value").times(2).plus(col("key")).as("value"));
    case "flatMap to an iterable":
      return stream.flatMap(copiesOf);
    case "flatMap to a collector":
      return stream.flatMap<Row>((row, out) => {
        for (const copy of rowAndCopy(row)) out.collect(copy);
      });
    case "process":
      return stream.process<Row>((row, context, out) => out.collect({ ...row, note: `${row.note}w${context.timerService().currentWatermark()}` }));
    case "disableChaining":
      return stream.map((row) => row).disableChaining();
    case "startNewChain":
      return stream.map((row) => row).startNewChain();
    case "custom":
      return stream.partitionCustom((key: number, count) => key % count, "key").map((row) => row);
    case "broadcast":
      return stream.broadcast().filter(new OnceOfAll());
    case "forward":
      return stream.map((row) => row).forward().map((row) => row);
    default:
      return stream[step]().map((row) => row);
  }
}

/** Of rows that come to every subtask, one keeps each: so it is there once, at any parallelism. */
class OnceOfAll extends RichFilterFunction<Row> {
  override filter({ key, value }: Row): boolean {
    const context = this.getRuntimeContext();
    return (key + value) % context.getNumberOfParallelSubtasks() === context.getIndexOfThisSubtask();
  }
}
