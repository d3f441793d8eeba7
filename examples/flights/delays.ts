/** What is found in the flights, wherever they come from and whatever shows it. */
import {
  avg,
  columnsOf,
  count,
  GlobalWindows,
  hours,
  max,
  minutes,
  OutputTag,
  ProcessWindowFunction,
  sum,
  TumblingEventTimeWindows,
  types,
  ValueStateDescriptor,
  WatermarkStrategy,
  type Collector,
  type DataStream,
  type ProcessWindowContext,
  type StreamExecutionEnvironment,
  type TimeWindow,
  type ValueState,
} from "tamias";
import type { Flight, FlightTable } from "./flight-table.ts";

export interface HourOfDelays {
  readonly origin: string;
  /** Start of the hour, ms since the epoch. */
  readonly hour: number;
  readonly flights: number;
  /** Minutes. */
  readonly mean: number;
  readonly worst: number;
  /** Whether a late flight has corrected an earlier result. */
  readonly corrected: boolean;
}

/** What one result, first or corrected, adds to the summary of the job. */
export interface Tally {
  readonly records: number;
  readonly windows: number;
  readonly refirings: number;
  readonly lateKept: number;
  readonly sideOutput: number;
  readonly wrongHour: number;
}

/** What the window holds of one origin and hour. */
interface Delays {
  readonly flights: number;
  readonly mean: number;
  readonly worst: number;
  readonly wrongHour: number;
}

/** The flights as columns, which stay columns up to the windows. One subtask reads them: they have one order, that of arrival. */
export function readFlights(env: StreamExecutionEnvironment, flights: FlightTable): DataStream<Flight> {
  return env.fromColumns(flights.columns).setParallelism(1).name("flights");
}

/** What the job finds, whatever shows it. */
export interface FlightResults {
  /** The results of each origin and hour: the first one, then corrections. */
  readonly hours: DataStream<HourOfDelays>;
  /** One record at the end of the input, none where there were no flights. */
  readonly summary: DataStream<Tally>;
}

/** Both kinds of results in one stream. */
export type FlightRecord = { readonly kind: "hour"; readonly hour: HourOfDelays } | { readonly kind: "summary"; readonly counts: Tally };

export function flightRecords({ hours, summary }: FlightResults): DataStream<FlightRecord> {
  return hours.map((hour) => ({ kind: "hour" as const, hour })).union(summary.map((counts) => ({ kind: "summary" as const, counts })));
}

export function analyzeFlights(flights: DataStream<Flight>): FlightResults {
  const tooLate = new OutputTag<Flight>("too-late");
  const hourly = flights
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forBoundedOutOfOrderness<Flight>(minutes(30)).withTimestampAssigner(columnsOf<Flight>()("date")),
    )
    // One watermark for one order of arrival: what is late is the same at any parallelism.
    .setParallelism(1)
    .keyBy("origin")
    .window(TumblingEventTimeWindows.of(hours(1)))
    .allowedLateness(hours(1))
    .sideOutputLateData(tooLate)
    .aggregate(
      { flights: count(), mean: avg("delay"), worst: max("delay"), wrongHour: sum("wrongHour") },
      new HourlyDelays(),
    )
    .name("hourly delays");

  const tallies = hourly
    .map((hour) => hour.tally)
    .name("tally")
    .union(
      hourly
        .getSideOutput(tooLate)
        .map((flight): Tally => ({ ...NOTHING, records: 1, sideOutput: 1, wrongHour: flight.wrongHour }))
        .name("too late"),
    );
  const summary = tallies
    .windowAll(GlobalWindows.createWithEndOfStreamTrigger())
    .aggregate({
      records: sum("records"),
      windows: sum("windows"),
      refirings: sum("refirings"),
      lateKept: sum("lateKept"),
      sideOutput: sum("sideOutput"),
      wrongHour: sum("wrongHour"),
    })
    .name("summary");
  return { hours: hourly.map((hour) => hour.result).name("result"), summary };
}

const NOTHING: Tally = { records: 0, windows: 0, refirings: 0, lateKept: 0, sideOutput: 0, wrongHour: 0 };

/** Turns what a window holds into a result, and says what the result adds to the last one of the same window. */
class HourlyDelays extends ProcessWindowFunction<Delays, { result: HourOfDelays; tally: Tally }, string, TimeWindow> {
  readonly #reported = new ValueStateDescriptor("reported", types.object({ flights: types.number, wrongHour: types.number }));

  override process(
    origin: string,
    context: ProcessWindowContext<TimeWindow>,
    delays: Iterable<Delays>,
    out: Collector<{ result: HourOfDelays; tally: Tally }>,
  ): void {
    const reported: ValueState<{ flights: number; wrongHour: number }> = context.windowState().getState(this.#reported);
    const before = reported.value();
    for (const { flights, mean, worst, wrongHour } of delays) {
      const added = flights - (before?.flights ?? 0);
      out.collect({
        result: { origin, hour: context.window().start, flights, mean, worst, corrected: context.isRefiring() },
        tally: {
          records: added,
          windows: before === undefined ? 1 : 0,
          refirings: context.isRefiring() ? 1 : 0,
          lateKept: context.isRefiring() ? added : 0,
          sideOutput: 0,
          wrongHour: wrongHour - (before?.wrongHour ?? 0),
        },
      });
      reported.update({ flights, wrongHour });
    }
  }

  override clear(_origin: string, context: Omit<ProcessWindowContext<TimeWindow>, "isRefiring">): void {
    context.windowState().getState(this.#reported).clear();
  }
}
