import { collectSink, DataGeneratorSource, PushSource, type Sink, WatermarkStrategy, type DataStream, type JobModule, type StreamExecutionEnvironment } from "tamias";
import { createEdgeWorker, type EdgeEnv, type ObjectNamespace } from "tamias/edge";

function pushed<T>(env: StreamExecutionEnvironment, name: string): DataStream<T> {
  return env.fromSource(new PushSource<T>(name), WatermarkStrategy.noWatermarks(), name);
}

/** How far the job `slow` has come. Here all objects are in one isolate, so that one of them sees what the other has done. */
const progress = { read: 0, taken: 0, inFlightMost: 0 };

/** Takes so many records, and then nothing for a while that is long beside what a call takes. */
function slowSink(room: number): Sink<unknown> {
  const WAIT_MS = 8;
  return {
    describe: () => "slow",
    createWriter: (context) => {
      let left = room;
      return {
        write() {
          progress.taken += 1;
          progress.inFlightMost = Math.max(progress.inFlightMost, progress.read - progress.taken);
          left -= 1;
          if (0 < left) return;
          context.at(context.now() + WAIT_MS, () => {
            left = room;
            context.notifyReady();
          });
        },
        isReady: () => 0 < left,
        flush() {},
        close() {},
      };
    },
  };
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
  /** Reads args.count records in one object, and writes them slowly in another one, args.rows at a time. It gives no results, and tells its end by that. */
  slow: {
    job(env, args) {
      const read = (index: number): { readonly text: string } => {
        progress.read = index + 1;
        return { text: `record ${index}` };
      };
      const records = env
        .setParallelism(2)
        .fromSource(new DataGeneratorSource(read, Number(args["count"])), WatermarkStrategy.noWatermarks(), "numbers")
        .setParallelism(1)
        .partitionCustom((key: number) => key, () => 1)
        .map((record) => record);
      records.sinkTo(slowSink(Number(args["rows"])));
      records.filter(() => false).sinkTo(collectSink("none"));
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
export const { TaskObject, StorageObject } = edge;

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
    if (pathname === "/progress") return Promise.resolve(Response.json(progress));
    return pathname.startsWith("/kill/") ? kill(pathname, env as unknown as Killable) : edge.worker.fetch(request, env);
  },
};
