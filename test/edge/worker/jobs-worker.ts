import { collectSink, PushSource, WatermarkStrategy, type DataStream, type JobModule, type StreamExecutionEnvironment } from "tamias";
import { createEdgeWorker } from "tamias/edge";

function pushed<T>(env: StreamExecutionEnvironment, name: string): DataStream<T> {
  return env.fromSource(new PushSource<T>(name), WatermarkStrategy.noWatermarks(), name);
}

/** Jobs that a test can foresee. */
const jobs: Record<string, JobModule> = {
  /** What is pushed into it comes out. */
  echo: {
    job(env) {
      pushed(env, "in").sinkTo(collectSink("out"));
    },
  },
  /** The numbers from 1 to args.count, then it ends. */
  numbers: {
    job(env, args) {
      env.fromSequence(1, Number(args["count"])).sinkTo(collectSink("numbers"));
    },
  },
  /** Its sink takes nothing, ever. */
  stuck: {
    job(env) {
      pushed(env, "in").sinkTo(collectSink({ take() {}, isReady: () => false, onReady: () => () => {} }));
    },
  },
  /** Fails at the first record that has no name. */
  names: {
    job(env) {
      const names = pushed<{ name: string }>(env, "left").union(pushed<{ name: string }>(env, "right"));
      names.map(({ name }) => name.toUpperCase()).sinkTo(collectSink("loud"));
      names.map(({ name }) => name.toLowerCase()).sinkTo(collectSink("low"));
    },
  },
};

const edge = createEdgeWorker({ jobs });
export default edge.worker;
export const { JobManagerObject, TaskObject } = edge;
