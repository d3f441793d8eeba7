import type { KeyedStream, SingleOutputStreamOperator } from "../../core/index.ts";
import type { FactBook } from "./fact-book.ts";
import type { JobSpec, StageSpec } from "./job-spec.ts";
import { running, type Model } from "./models.ts";
import { bookkeeping } from "./process-model.ts";
import type { Row } from "./rows.ts";
import { reduceRows } from "./stage-functions.ts";
import { stageStream } from "./stage-streams.ts";
import { resultOf, windowing } from "./window-model.ts";

export function addStage(
  book: FactBook,
  keyed: KeyedStream<Row, unknown>,
  stage: StageSpec,
  form: JobSpec["keyForm"],
  seesEveryKey: boolean,
): SingleOutputStreamOperator<Row> {
  return book.add(stageStream(keyed, stage), stage.kind, { stage, isKeyed: true, seesEveryKey, model: modelOfStage(stage, form) });
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
