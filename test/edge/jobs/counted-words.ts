import { collectSink, PushSource, type StreamExecutionEnvironment, WatermarkStrategy } from "tamias";

export interface Word {
  readonly word: string;
  readonly count: number;
}

/** How often each word has come so far, for each that comes: what is pushed goes from each subtask to each. */
export function job(env: StreamExecutionEnvironment): void {
  env
    .fromSource(new PushSource<Word>("words"), WatermarkStrategy.noWatermarks(), "words")
    .setParallelism(1)
    .keyBy("word")
    .reduce((a, b) => ({ word: a.word, count: a.count + b.count }))
    .uid("counts")
    .sinkTo(collectSink("counts"));
}
