import {
  type AggregateFunction,
  type AllWindowedStream,
  type Collector,
  type ConnectedStreams,
  type DataStream,
  type DataStreamSource,
  type GlobalWindow,
  type JobArgs,
  type JobModule,
  type KeyedConnectedStreams,
  type KeyedProcessContext,
  type KeyedStream,
  type ProcessWindowContext,
  type SingleOutputStreamOperator,
  type StreamExecutionEnvironment,
  type TimeWindow,
  type WindowedStream,
  ColumnSource,
  DataGeneratorSource,
  EventTimeSessionWindows,
  KeyedProcessFunction,
  OutputTag,
  ProcessWindowFunction,
  RichMapFunction,
  SlidingEventTimeWindows,
  TumblingEventTimeWindows,
  ValueStateDescriptor,
  WatermarkStrategy,
  avg,
  callbackSink,
  columnsOf,
  count,
  first,
  max,
  min,
  minutes,
  seconds,
  sum,
} from "tamias";

/**
 * Checked by the compiler alone: the functions here are never called. Types are inferred from the source to the sink, nothing is
 * `any`, and misuse does not compile.
 */

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Fails to compile unless the type of the value is exactly `Expected`. */
function isExactly<Expected>() {
  return <Actual>(_value: Actual, ..._proof: Equal<Actual, Expected> extends true ? [] : [never]): void => {};
}

interface Flight {
  readonly origin: string;
  readonly carrier?: string;
  readonly delay: number;
  readonly miles: bigint;
  readonly date: number;
  readonly cancelled: boolean;
  readonly crew: readonly string[];
}

declare const env: StreamExecutionEnvironment;
declare const flights: DataStream<Flight>;

export async function fromSourceToSink(): Promise<void> {
  const timed = env
    .fromSource(
      new DataGeneratorSource((index, random) => ({ origin: random.pick(["JFK", "LAX"]), delay: random.int(60), date: index }), 10),
      WatermarkStrategy.noWatermarks(),
      "flights",
    )
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forBoundedOutOfOrderness<{ readonly date: number }>(seconds(5)).withTimestampAssigner((flight) => flight.date),
    );
  isExactly<SingleOutputStreamOperator<{ origin: string; delay: number; date: number }>>()(timed);

  const keyed = timed
    .map((flight) => ({ ...flight, late: 15 < flight.delay }))
    .filter((flight) => flight.late)
    .keyBy((flight) => flight.origin);
  isExactly<KeyedStream<{ late: boolean; origin: string; delay: number; date: number }, string>>()(keyed);

  const windowed = keyed.window(TumblingEventTimeWindows.of(minutes(1)));
  isExactly<WindowedStream<{ late: boolean; origin: string; delay: number; date: number }, string, TimeWindow>>()(windowed);

  const aggregated = windowed.aggregate({
    flights: count(),
    mean: avg("delay"),
    worst: max("delay"),
    firstOrigin: first("origin"),
    squares: sum((flight) => flight.delay * flight.delay),
  });
  for await (const row of aggregated.executeAndCollect()) {
    isExactly<{ flights: number; mean: number; worst: number; firstOrigin: string; squares: number }>()(row);
  }
  isExactly<{ a: string }[]>()(await env.fromElements({ a: "x" }).executeAndCollect(1).toArray());
}

interface Animal {
  readonly name: string;
}
interface Dog extends Animal {
  readonly bark: number;
}

/** A stream of dogs is a stream of animals, in every shape. */
export function variance(
  dogs: SingleOutputStreamOperator<Dog>,
  keyed: KeyedStream<Dog, string>,
  windowed: WindowedStream<Dog, string, TimeWindow>,
  connected: ConnectedStreams<Dog, Dog>,
): readonly unknown[] {
  const animals: DataStream<Animal> = dogs;
  const anything: DataStream<unknown> = dogs;
  const keyedAnimals: KeyedStream<Animal, string> = keyed;
  const windowedAnimals: WindowedStream<Animal, string, TimeWindow> = windowed;
  const connectedAnimals: ConnectedStreams<Animal, unknown> = connected;
  // @ts-expect-error not every animal is a dog
  const dogsAgain: DataStream<Dog> = animals;
  return [anything, keyedAnimals, windowedAnimals, connectedAnimals, dogsAgain];
}

export function sources(): void {
  isExactly<DataStream<number>>()(env.fromElements(1, 2, 3).union());
  isExactly<DataStream<string>>()(env.fromData(["a", "b"]).rebalance());
  isExactly<DataStream<string>>()(env.fromCollection(new Set(["a"])).rebalance());
  isExactly<DataStream<number>>()(env.fromCollection((async function* () { yield 1; })()).rebalance());
  // @ts-expect-error a number cannot be iterated
  env.fromCollection(3);
  // @ts-expect-error elements of one stream have one type
  env.fromElements(1, "a");
  // @ts-expect-error a strategy for other records
  env.fromSource(new DataGeneratorSource((i) => i, 1), WatermarkStrategy.noWatermarks<string>(), "numbers");
  // @ts-expect-error no such option
  env.configure({ paralelism: 2 });
  // @ts-expect-error no such mode
  env.setRuntimeMode("FAST");
}

export function simpleOperators(): void {
  isExactly<SingleOutputStreamOperator<number>>()(flights.map({ map: (flight) => flight.delay }));
  isExactly<SingleOutputStreamOperator<string>>()(flights.flatMap((flight) => flight.crew));
  isExactly<SingleOutputStreamOperator<number>>()(flights.flatMap(function* (flight) { yield flight.delay; }));
  isExactly<SingleOutputStreamOperator<string>>()(flights.flatMap<string>((flight, out) => out.collect(flight.origin)));
  isExactly<SingleOutputStreamOperator<number>>()(
    flights.process((flight, context, out: Collector<number>) => out.collect(context.timestamp() ?? flight.delay)),
  );
  isExactly<SingleOutputStreamOperator<string>>()(env.fromElements<string | number>("a", 1).filter((value) => typeof value === "string"));
  isExactly<DataStream<Flight | string>>()(flights.union(env.fromElements("a")));

  class Delays extends RichMapFunction<Flight, { readonly delay: number }> {
    override map(flight: Flight): { readonly delay: number } {
      return { delay: flight.delay };
    }
  }
  isExactly<SingleOutputStreamOperator<{ readonly delay: number }>>()(flights.map(new Delays()));
  flights.map((flight) => flight.origin).name("origins").uid("origins").setParallelism(2).disableChaining();
  // @ts-expect-error a function of other records
  flights.map((text: string) => text.length);
  // @ts-expect-error an instance, not the class
  flights.map(Delays);
  // @ts-expect-error a filter says yes or no
  flights.filter((flight) => flight.origin);
  // @ts-expect-error no such field
  flights.map((flight) => flight.destination);
}

export function keys(): void {
  isExactly<KeyedStream<Flight, string>>()(flights.keyBy("origin"));
  isExactly<KeyedStream<Flight, boolean>>()(flights.keyBy((flight) => flight.cancelled));
  isExactly<KeyedStream<Flight, readonly [string, boolean]>>()(flights.keyBy((flight) => [flight.origin, flight.cancelled]));
  // @ts-expect-error no such field
  flights.keyBy("destination");
  // @ts-expect-error a field that may be missing is no key
  flights.keyBy("carrier");
  // @ts-expect-error undefined is no key
  flights.keyBy((flight) => flight.carrier);
  // @ts-expect-error a function is no key
  flights.keyBy(() => () => 1);
  // @ts-expect-error an instance of a class is no key
  flights.keyBy(() => new Map<string, string>());
}

export function aggregationsByKey(): void {
  const keyed = flights.keyBy("origin");
  isExactly<SingleOutputStreamOperator<Flight>>()(keyed.sum("delay"));
  isExactly<SingleOutputStreamOperator<Flight>>()(keyed.sum("miles"));
  isExactly<SingleOutputStreamOperator<Flight>>()(keyed.minBy("delay"));
  isExactly<SingleOutputStreamOperator<Flight>>()(keyed.maxBy((flight) => flight.crew.length, false));
  isExactly<SingleOutputStreamOperator<Flight>>()(keyed.max("origin"));
  isExactly<SingleOutputStreamOperator<Flight>>()(keyed.reduce((a, b) => (a.delay < b.delay ? b : a)));
  env.fromElements(1, 2).keyBy((n) => n % 2).sum(0);
  env.fromElements<[string, number]>(["a", 1]).keyBy((pair) => pair[0]).sum(1);
  // @ts-expect-error strings do not add up
  keyed.sum("origin");
  // @ts-expect-error the first of the pair is a string
  env.fromElements<[string, number]>(["a", 1]).keyBy((pair) => pair[0]).sum(0);
  // @ts-expect-error arrays cannot be compared
  keyed.min("crew");
  // @ts-expect-error a reduced record is a record
  keyed.reduce((a, b) => a.delay + b.delay);
}

export function processFunctions(): void {
  class Counts extends KeyedProcessFunction<string, Flight, number> {
    override processElement(flight: Flight, context: KeyedProcessContext<string>, out: Collector<number>): void {
      const state = this.getRuntimeContext().getState(new ValueStateDescriptor<number>("count"));
      isExactly<number | undefined>()(state.value());
      isExactly<string>()(context.getCurrentKey());
      out.collect(flight.delay);
    }
  }
  isExactly<SingleOutputStreamOperator<number>>()(flights.keyBy("origin").process(new Counts()));
  // @ts-expect-error a function for other keys
  flights.keyBy("delay").process(new Counts());
  flights.keyBy((flight) => flight.delay).process((_flight, context, _out) => isExactly<number>()(context.getCurrentKey()));
}

export function windows(): void {
  const keyed = flights.keyBy("origin");
  const sliding = keyed.window(SlidingEventTimeWindows.of(minutes(2), minutes(1))).allowedLateness(minutes(1));
  const late = new OutputTag<Flight>("late");
  isExactly<WindowedStream<Flight, string, TimeWindow>>()(sliding.sideOutputLateData(late));
  isExactly<WindowedStream<Flight, string, GlobalWindow>>()(keyed.countWindow(10, 5));
  isExactly<AllWindowedStream<Flight, TimeWindow>>()(flights.windowAll(EventTimeSessionWindows.withGap(seconds(1))));
  keyed.window(EventTimeSessionWindows.withDynamicGap((flight: Flight) => flight.delay));

  isExactly<SingleOutputStreamOperator<string>>()(
    sliding.process((key, context, records, out: Collector<string>) => {
      isExactly<string>()(key);
      isExactly<ProcessWindowContext<TimeWindow>>()(context);
      isExactly<Iterable<Flight>>()(records);
      out.collect(`${key} ${context.window().getEnd()}`);
    }),
  );
  isExactly<SingleOutputStreamOperator<number>>()(sliding.apply<number>((_key, window, _records, out) => out.collect(window.end)));
  isExactly<SingleOutputStreamOperator<{ readonly end: number; readonly worst: number }>>()(
    sliding.aggregate({ worst: max("delay"), shortest: min("miles") }, (_key, context, results, out: Collector<{ readonly end: number; readonly worst: number }>) => {
      for (const result of results) {
        isExactly<{ worst: number; shortest: bigint }>()(result);
        out.collect({ end: context.window().end, worst: result.worst });
      }
    }),
  );

  const mean: AggregateFunction<Flight, { sum: number; count: number }, number> = {
    createAccumulator: () => ({ sum: 0, count: 0 }),
    add: (flight, { sum, count }) => ({ sum: sum + flight.delay, count: count + 1 }),
    getResult: ({ sum, count }) => sum / count,
  };
  isExactly<SingleOutputStreamOperator<number>>()(sliding.aggregate(mean));
  class WithEnd extends ProcessWindowFunction<number, [number, number], string, TimeWindow> {
    override process(_key: string, context: ProcessWindowContext<TimeWindow>, means: Iterable<number>, out: Collector<[number, number]>): void {
      for (const value of means) out.collect([context.window().end, value]);
    }
  }
  isExactly<SingleOutputStreamOperator<[number, number]>>()(sliding.aggregate(mean, new WithEnd()));
  isExactly<SingleOutputStreamOperator<Flight>>()(sliding.reduce((a) => a));
  isExactly<SingleOutputStreamOperator<number>>()(sliding.reduce((a) => a, (_key, context, _records, out: Collector<number>) => out.collect(context.window().end)));
  isExactly<DataStream<Flight>>()(sliding.sum("delay").getSideOutput(late));
  isExactly<SingleOutputStreamOperator<{ all: number }>>()(flights.countWindowAll(3).aggregate({ all: count() }));

  // @ts-expect-error windows need keys
  flights.window(TumblingEventTimeWindows.of(minutes(1)));
  // @ts-expect-error windows need keys
  flights.countWindow(3);
  // @ts-expect-error reduce needs keys
  flights.reduce((a: Flight, _b: Flight) => a);
  // @ts-expect-error a size is a Duration
  keyed.window(TumblingEventTimeWindows.of(60_000));
  // @ts-expect-error no such field
  sliding.aggregate({ worst: max("speed") });
  // @ts-expect-error strings have no mean
  sliding.aggregate({ mean: avg("origin") });
  // @ts-expect-error the window function gets numbers
  keyed.window(TumblingEventTimeWindows.of(minutes(1))).aggregate({ flights: count() }, new WithEnd());
  // @ts-expect-error the tag is for other records
  sliding.sideOutputLateData(new OutputTag<string>("late"));
}

export function connectedStreams(): void {
  const rules = env.fromElements({ origin: "JFK", limit: 10 });
  const connected = flights.connect(rules);
  isExactly<ConnectedStreams<Flight, { origin: string; limit: number }>>()(connected);
  isExactly<SingleOutputStreamOperator<number>>()(connected.map((flight) => flight.delay, (rule) => rule.limit));
  isExactly<SingleOutputStreamOperator<string>>()(connected.flatMap((flight) => flight.crew, (rule) => [rule.origin]));
  isExactly<KeyedConnectedStreams<Flight, { origin: string; limit: number }, string>>()(connected.keyBy("origin", "origin"));
  isExactly<KeyedConnectedStreams<Flight, { origin: string; limit: number }, string>>()(flights.keyBy("origin").connect(rules.keyBy((rule) => rule.origin)));
  isExactly<SingleOutputStreamOperator<string>>()(
    connected.keyBy((flight) => flight.origin, (rule) => rule.origin).process<string>({
      processElement1: (_flight, context, out) => out.collect(context.getCurrentKey()),
      processElement2: (rule, context, out) => {
        context.timerService().registerEventTimeTimer(rule.limit);
        out.collect(rule.origin);
      },
      onTimer: (time, context, out) => out.collect(`${context.getCurrentKey()} ${time}`),
    }),
  );
  // @ts-expect-error keys of two types
  connected.keyBy((flight) => flight.origin, (rule) => rule.limit);
  // @ts-expect-error both inputs give records of one type
  connected.map((flight) => flight.delay, (rule) => rule.origin);
}

export function columnSources(): void {
  const columns = { time: new Float64Array(1), key: new Int32Array(1), total: new BigInt64Array(1), name: ["a"], note: [null, "b"] };
  const stream = env.fromColumns(columns);
  isExactly<DataStreamSource<{ time: number; key: number; total: bigint; name: string; note: string | null }>>()(stream);
  const col = columnsOf<{ time: number; name: string }>();
  isExactly<SingleOutputStreamOperator<{ time: number; key: number; total: bigint; name: string; note: string | null }>>()(
    stream.assignTimestampsAndWatermarks(WatermarkStrategy.forMonotonousTimestamps().withTimestampAssigner(col("time"))),
  );
  isExactly<DataStreamSource<{ time: number }>>()(
    env.fromSource(new ColumnSource({ time: new Float32Array(1) }), WatermarkStrategy.noWatermarks(), "times"),
  );
  flights.assignTimestampsAndWatermarks(
    WatermarkStrategy.forBoundedOutOfOrderness(seconds(5)).withTimestampAssigner(columnsOf<Flight>()("date").times(60_000)),
  );
  flights.assignTimestampsAndWatermarks(WatermarkStrategy.noWatermarks().withTimestampAssigner((flight: Flight) => flight.date));

  isExactly<DataStreamSource<{ time: number; key: number; total: bigint; name: string; note: string | null }>>()(env.fromColumns(() => columns));
  isExactly<DataStreamSource<{ time: number; name: string }>>()(env.fromColumns(async () => ({ time: new Float64Array(1), name: ["a"] })));
  isExactly<DataStreamSource<{ time: number }>>()(env.fromColumns(() => (columns.time.length === 1 ? { time: [1] } : Promise.resolve({ time: [2] }))));
  isExactly<DataStreamSource<{ time: number }>>()(
    env.fromSource(new ColumnSource(async () => ({ time: new Float32Array(1) })), WatermarkStrategy.noWatermarks(), "times"),
  );

  // @ts-expect-error no array
  env.fromColumns({ time: 5 });
  // @ts-expect-error the function gives no array
  env.fromColumns(() => ({ time: 5 }));
  // @ts-expect-error the promise is for no array
  env.fromColumns(async () => ({ time: 5 }));
  // @ts-expect-error a timestamp is a number
  WatermarkStrategy.noWatermarks().withTimestampAssigner(col("name"));
  // @ts-expect-error the records have no such field
  flights.assignTimestampsAndWatermarks(WatermarkStrategy.noWatermarks().withTimestampAssigner(columnsOf<{ tmie: number }>()("tmie")));
}

export function sinks(): void {
  flights.sinkTo(callbackSink((flight: Flight, context) => isExactly<number>()(context.timestamp ?? flight.delay))).name("out").uid("out");
  flights.sinkTo(callbackSink((record: { readonly origin: string }) => record.origin));
  flights.print("flights");
  // @ts-expect-error a sink of other records
  flights.sinkTo(callbackSink((text: string) => text.length));
  flights.partitionCustom((origin, parallelism) => origin.length % parallelism, "origin").forward();
}

export const module: JobModule = {
  options: { limit: { type: "number", description: "how many" } },
  async job(environment: StreamExecutionEnvironment, args: JobArgs): Promise<void> {
    isExactly<string | undefined>()(args.input);
    environment.fromElements(1).print();
  },
};
