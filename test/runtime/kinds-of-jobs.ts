import type { DataStream, StreamExecutionEnvironment } from "tamias";

export type Tamias = typeof import("../../core/index.ts");
type Write = (env: StreamExecutionEnvironment, tamias: Tamias) => DataStream<unknown>;

interface Reading {
  readonly room: string;
  readonly value: number;
  readonly at: number;
}

const READINGS: readonly Reading[] = [
  { room: "attic", value: 1, at: 1 },
  { room: "cellar", value: 2, at: 2 },
  { room: "attic", value: 3, at: 12 },
  { room: "cellar", value: 4, at: 13 },
  { room: "attic", value: 5, at: 3 },
  { room: "attic", value: 6, at: 30 },
];

const rows: (env: StreamExecutionEnvironment) => DataStream<Reading> = (env) => env.fromCollection(READINGS);
const columns = (env: StreamExecutionEnvironment): DataStream<Reading> =>
  env.fromColumns({ room: READINGS.map(({ room }) => room), value: Float64Array.from(READINGS, ({ value }) => value), at: Float64Array.from(READINGS, ({ at }) => at) });

/** With timestamps and watermarks. */
function timed(stream: DataStream<Reading>, { WatermarkStrategy, columnsOf }: Tamias): DataStream<Reading> {
  const at = columnsOf<Reading>()("at");
  return stream.assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps<Reading>().withTimestampAssigner(at));
}

/** Some values are of another kind than those before them, which no kernel holds. */
function changing(env: StreamExecutionEnvironment, tamias: Tamias): DataStream<{ readonly room: string; readonly value: string | number }> {
  return timed(rows(env), tamias).map(({ room, value }) => ({ room, value: value < 3 ? value : `${value}` }));
}

const later = (a: Reading, b: Reading): Reading => ({ ...b, value: a.value + b.value });
const size = { process: (_key: unknown, _context: unknown, values: Iterable<unknown>, out: { collect(row: unknown): void }): void => out.collect([...values].length) };
const sizeOfAll = { process: (_context: unknown, values: Iterable<unknown>, out: { collect(row: unknown): void }): void => out.collect([...values].length) };

function statefulMap({ RichMapFunction, ValueStateDescriptor, ListStateDescriptor, MapStateDescriptor, ReducingStateDescriptor, types }: Tamias) {
  const value = new ValueStateDescriptor<number>("value", types.number);
  const list = new ListStateDescriptor<number>("list");
  const map = new MapStateDescriptor<string, number>("map", types.string, types.int);
  const total = new ReducingStateDescriptor<number>("total", (a, b) => a + b, types.number);
  return new (class extends RichMapFunction<Reading, unknown> {
    override map(reading: Reading): unknown {
      const context = this.getRuntimeContext();
      context.getState(value).update(reading.value);
      context.getListState(list).add(reading.at);
      context.getMapState(map).put(String(reading.at), reading.value);
      context.getReducingState(total).add(reading.value);
      return [context.getState(value).value(), [...context.getListState(list).get()], [...context.getMapState(map).keys()], context.getReducingState(total).get()];
    }
  })();
}

/** Jobs without windows. */
const STEPS: Readonly<Record<string, Write>> = {
  "records alone": rows,
  "columns alone": columns,
  map: (env) => rows(env).map(({ value }) => value),
  flatMap: (env) => rows(env).flatMap(({ value }) => [value, value]),
  "a side output alone": (env, { OutputTag }) => {
    const tag = new OutputTag<number>("values");
    return rows(env)
      .process<never>({ processElement: (reading, context) => context.output(tag, reading.value) })
      .getSideOutput(tag);
  },
  "a filter by an expression": (env, { columnsOf }) => rows(env).filter(columnsOf<Reading>()("value").gt(1)),
  "values of expressions over columns": (env, { columnsOf }) => columns(env).select(columnsOf<Reading>()("value").ifNull(0).as("it")),
  "a union": (env) => rows(env).union(rows(env)),
  rebalance: (env) => rows(env).rebalance(),
  "keys alone": (env) => rows(env).keyBy("room"),
  "keyed map": (env) => rows(env).keyBy("room").map(({ value }) => value),
  "keyed reduce": (env) => rows(env).keyBy("room").reduce(later),
  "keyed process with timers": (env, tamias) =>
    timed(rows(env), tamias)
      .keyBy("room")
      .process<number>({
        processElement: ({ at }, context) => context.timerService().registerEventTimeTimer(at + 1),
        onTimer: (time, _context, out) => out.collect(time),
      }),
  "keyed state of every kind": (env, tamias) => rows(env).keyBy("room").map(statefulMap(tamias)),
  "a function with state of its own": (env) => {
    let seen = 0;
    const keeping = { snapshotState: () => {}, initializeState: () => void (seen = 0) };
    return rows(env).map({ ...keeping, map: ({ value }: Reading) => value * Math.sign((seen += 1)) }).setParallelism(1);
  },
  coMap: (env) => rows(env).connect(columns(env)).map<unknown>({ map1: (a) => a, map2: (b) => b }),
  coProcess: (env) => rows(env).connect(rows(env)).process<unknown>({ processElement1: (a, _, out) => out.collect(a), processElement2: (b, _, out) => out.collect(b) }),
  "keyed coMap": (env) => rows(env).connect(rows(env)).keyBy("room", "room").map<unknown>({ map1: (a) => a, map2: (b) => b }),
  "keyed coProcess": (env) =>
    rows(env)
      .keyBy("room")
      .connect(rows(env).keyBy("room"))
      .process<unknown>({ processElement1: (a, _, out) => out.collect(a), processElement2: (b, _, out) => out.collect(b) }),
};

const WINDOWS: Readonly<Record<string, Write>> = {
  "windows of a count": (env, { sum }) => rows(env).keyBy("room").countWindow(2).aggregate({ total: sum("value") }),
  "windows of a count that overlap, with a function": (env) => rows(env).keyBy("room").countWindow(2, 1).process(size),
  "windows of a count over all": (env, { sum }) => columns(env).countWindowAll(2).aggregate({ total: sum("value") }),
  "tumbling windows of records": (env, tamias) => timed(rows(env), tamias).keyBy("room").window(tumbling(tamias)).aggregate({ total: tamias.sum("value") }),
  "tumbling windows of columns": (env, tamias) => timed(columns(env), tamias).keyBy("room").window(tumbling(tamias)).aggregate({ total: tamias.sum("value") }),
  "tumbling windows of columns, with lateness": (env, tamias) =>
    timed(columns(env), tamias).keyBy("room").window(tumbling(tamias)).allowedLateness(tamias.milliseconds(9)).aggregate({ total: tamias.sum("value") }),
  "what comes too late, as records": (env, tamias) => {
    const late = new tamias.OutputTag<Reading>("late");
    return timed(columns(env), tamias).keyBy("room").window(tumbling(tamias)).sideOutputLateData(late).aggregate({ total: tamias.sum("value") }).getSideOutput(late);
  },
  "tumbling windows with a function": (env, tamias) => timed(columns(env), tamias).keyBy("room").window(tumbling(tamias)).process(size),
  "aggregates with a function": (env, tamias) => timed(columns(env), tamias).keyBy("room").window(tumbling(tamias)).aggregate({ total: tamias.sum("value") }, size),
  "a window function with state of windows and keys": (env, tamias) => {
    const seen = new tamias.ValueStateDescriptor<number>("seen", tamias.types.number);
    return timed(rows(env), tamias)
      .keyBy("room")
      .window(tumbling(tamias))
      .process<number>({
        process: (_key, context, _values, out) => {
          const count = context.globalState().getState(seen);
          count.update((count.value() ?? 0) + 1);
          context.windowState().getState(seen).update(1);
          out.collect(count.value()!);
        },
        clear: (_key, context) => context.windowState().getState(seen).clear(),
      });
  },
  "windows that reduce": (env, tamias) => timed(rows(env), tamias).keyBy("room").window(tumbling(tamias)).reduce(later),
  "sliding windows": (env, tamias) => timed(rows(env), tamias).keyBy("room").window(sliding(tamias)).aggregate({ total: tamias.sum("value") }),
  "sliding windows of columns by keys of a function": (env, tamias) => timed(columns(env), tamias).keyBy(({ room }) => room).window(sliding(tamias)).aggregate({ total: tamias.sum("value") }),
  "tumbling windows that leave the kernel": (env, tamias) => changing(env, tamias).keyBy("room").window(tumbling(tamias)).allowedLateness(tamias.milliseconds(9)).aggregate({ n: tamias.count(), latest: tamias.last("value") }),
  "sliding windows that leave the kernel": (env, tamias) => changing(env, tamias).keyBy("room").window(sliding(tamias)).aggregate({ n: tamias.count(), latest: tamias.last("value") }),
  "windows over all that leave the kernel": (env, tamias) => changing(env, tamias).windowAll(tumbling(tamias)).aggregate({ n: tamias.count(), latest: tamias.last("value") }),
  "windows over all": (env, tamias) => timed(columns(env), tamias).windowAll(tumbling(tamias)).aggregate({ total: tamias.sum("value") }),
  "windows over all with a function": (env, tamias) => timed(rows(env), tamias).windowAll(sliding(tamias)).process(sizeOfAll),
  sessions: (env, tamias) => timed(rows(env), tamias).keyBy("room").window(tamias.EventTimeSessionWindows.withGap(tamias.milliseconds(5))).aggregate({ total: tamias.sum("value") }),
  "sessions of columns with a function": (env, tamias) =>
    timed(columns(env), tamias)
      .keyBy("room")
      .window(tamias.EventTimeSessionWindows.withDynamicGap<Reading>(({ value }) => value))
      .process(size),
  "windows by the clock": (env, tamias) => columns(env).keyBy("room").window(tamias.TumblingProcessingTimeWindows.of(tamias.milliseconds(10))).aggregate({ total: tamias.sum("value") }),
  "sessions by the clock": (env, tamias) => rows(env).keyBy("room").window(tamias.ProcessingTimeSessionWindows.withGap(tamias.milliseconds(10))).process(size),
  "one window for ever": (env, tamias) => columns(env).keyBy("room").window(tamias.GlobalWindows.createWithEndOfStreamTrigger()).aggregate({ total: tamias.sum("value") }),
  "windows of windows": (env, tamias) =>
    timed(columns(env), tamias).keyBy("room").window(tumbling(tamias)).aggregate({ total: tamias.sum("value") }).windowAll(tumbling(tamias)).aggregate({ total: tamias.sum("total") }),
};

function tumbling({ TumblingEventTimeWindows, milliseconds }: Tamias) {
  return TumblingEventTimeWindows.of(milliseconds(10));
}

function sliding({ SlidingEventTimeWindows, milliseconds }: Tamias) {
  return SlidingEventTimeWindows.of(milliseconds(10), milliseconds(5));
}

/** Jobs of every kind, each of which needs parts that others do not. They belong to the modules that they are given. */
export const KINDS_OF_JOBS: Readonly<Record<string, Write>> = { ...STEPS, ...WINDOWS };
