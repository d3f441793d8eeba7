import { collectSink, type JobModule } from "tamias";
import { createEdgeWorker, jobEnds } from "tamias/edge";

/** Jobs that a test can foresee. */
const jobs: Record<string, JobModule> = {
  /** What is pushed into it comes out. */
  echo: {
    job(env) {
      env.fromCollection(jobEnds(env).input("in")).sinkTo(collectSink(jobEnds(env).results));
    },
  },
  /** The numbers from 1 to args.count, then it ends. */
  numbers: {
    job(env, args) {
      env.fromSequence(1, Number(args["count"])).sinkTo(collectSink(jobEnds(env).results));
    },
  },
  /** Its sink takes nothing, ever. */
  stuck: {
    job(env) {
      const never = { take() {}, isReady: () => false, onReady: () => () => {} };
      env.fromCollection(jobEnds(env).input("in")).sinkTo(collectSink(never));
    },
  },
  /** Fails at the first record that has no name. */
  names: {
    job(env) {
      const names = env.fromCollection(jobEnds(env).input<{ name: string }>("left")).union(env.fromCollection(jobEnds(env).input<{ name: string }>("right")));
      names.map(({ name }) => name.toUpperCase()).sinkTo(collectSink(jobEnds(env).results));
    },
  },
};

const edge = createEdgeWorker({ jobs });
export default edge.worker;
export const { JobManagerObject } = edge;
