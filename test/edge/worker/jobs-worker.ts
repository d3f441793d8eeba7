import { collectSink, PushSource, WatermarkStrategy, type DataStream, type JobModule, type StreamExecutionEnvironment } from "tamias";
import { createEdgeWorker, type EdgeEnv, type ObjectNamespace } from "tamias/edge";

function pushed<T>(env: StreamExecutionEnvironment, name: string): DataStream<T> {
  return env.fromSource(new PushSource<T>(name), WatermarkStrategy.noWatermarks(), name);
}

/** Jobs that a test can foresee. */
const jobs: Record<string, JobModule> = {
  /** What is pushed into it comes out. */
  echo: {
    job(env) {
      pushed(env.setParallelism(1), "in").sinkTo(collectSink("out"));
    },
  },
  /** The numbers from 1 to args.count, then it ends. */
  numbers: {
    job(env, args) {
      env.setParallelism(1).fromSequence(1, Number(args["count"])).sinkTo(collectSink("numbers"));
    },
  },
  /** Its sink takes nothing, ever. */
  stuck: {
    job(env) {
      pushed(env.setParallelism(1), "in").sinkTo(collectSink({ take() {}, isReady: () => false, onReady: () => () => {} }));
    },
  },
  names: {
    job(env) {
      const names = pushed<{ name: string }>(env.setParallelism(1), "left").union(pushed<{ name: string }>(env, "right"));
      names.map(({ name }) => name.toUpperCase()).sinkTo(collectSink("loud"));
      names.map(({ name }) => name.toLowerCase()).sinkTo(collectSink("low"));
    },
  },
  /** Counts words on every slot: what is pushed goes from each to each. */
  words: {
    job(env) {
      pushed<{ word: string }>(env, "words")
        .keyBy("word")
        .reduce((a) => a)
        .name("reduced")
        .sinkTo(collectSink("seen"));
    },
  },
};

const edge = createEdgeWorker({ jobs, slots: 3, heartbeatTimeoutMs: 30_000 });
export const { TaskObject } = edge;

/** The same, but a test can end it. */
export class JobManagerObject extends edge.JobManagerObject {
  terminate(): void {
    (this as unknown as { readonly ctx: { abort(reason: string): void } }).ctx.abort("it was terminated");
  }
}

interface Killable {
  readonly [binding: string]: ObjectNamespace<{ terminate(): Promise<unknown> }>;
}

/** `POST /kill/BINDING/NAME` ends an object, as the platform may at any time. */
async function kill(pathname: string, env: Killable): Promise<Response> {
  const [, , binding = "", name = ""] = pathname.split("/");
  const objects = env[binding]!;
  return Response.json({ killed: await objects.get(objects.idFromName(name)).terminate().catch(String) });
}

export default {
  fetch(request: Request, env: EdgeEnv): Promise<Response> {
    const { pathname } = new URL(request.url);
    return pathname.startsWith("/kill/") ? kill(pathname, env as unknown as Killable) : edge.worker.fetch(request, env);
  },
};
