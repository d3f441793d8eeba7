import {
  count,
  DataGeneratorSource,
  type DataStream,
  KeyedProcessFunction,
  type KeyedProcessContext,
  type OnTimerContext,
  type Collector,
  milliseconds,
  seconds,
  type StreamExecutionEnvironment,
  sum,
  TumblingEventTimeWindows,
  types,
  type ValueState,
  ValueStateDescriptor,
  WatermarkStrategy,
} from "tamias";

/** One line of what the job says: of a customer in one second of event time, or in the whole run. */
export interface Total {
  readonly customer: string;
  /** Beginning of the second; -1 for the whole run. */
  readonly from: number;
  readonly orders: number;
  readonly amount: number;
}

interface Order {
  readonly customer: string;
  readonly amount: number;
  readonly time: number;
}

const CUSTOMERS = 24;
const STEP_MS = 10;
const DISORDER_MS = 200;
/** Long enough that the state of a subtask is written as a part of its own, beside the record of the checkpoint. */
const NOTE_LENGTH = 2_000;

/**
 * The job that is killed. Its results come as time goes on, all of them are different, and they do not depend on the order in which its subtasks run. A lost or doubled record shows in the
 * second that it belongs to; a lost or doubled change of state, at whatever kill, in the totals of the whole run.
 */
export function totals(env: StreamExecutionEnvironment, { orders, ordersPerSecond }: { readonly orders: number; readonly ordersPerSecond: number }): DataStream<Total> {
  const source = new DataGeneratorSource<Order>(
    (index, random) => ({ customer: `customer-${random.int(CUSTOMERS)}`, amount: 1 + random.int(100), time: index * STEP_MS + random.int(DISORDER_MS) }),
    orders,
    { seed: 6, recordsPerSecond: ordersPerSecond },
  );
  const strategy = WatermarkStrategy.forBoundedOutOfOrderness<Order>(milliseconds(DISORDER_MS)).withTimestampAssigner(({ time }) => time);
  const byCustomer = env.fromSource(source, strategy, "orders").keyBy(({ customer }) => customer);
  const perSecond = byCustomer
    .window(TumblingEventTimeWindows.of(seconds(1)))
    .aggregate({ orders: count(), amount: sum("amount") }, (customer, context, sums, out: Collector<Total>) => {
      for (const each of sums) out.collect({ customer, from: context.window().start, ...each });
    });
  return perSecond.union(byCustomer.process(new WholeRun(orders * STEP_MS + DISORDER_MS)));
}

class WholeRun extends KeyedProcessFunction<string, Order, Total> {
  readonly #end: number;
  #total!: ValueState<{ orders: number; amount: number; note: string }>;

  constructor(end: number) {
    super();
    this.#end = end;
  }

  override open(): void {
    const type = types.object({ orders: types.number, amount: types.number, note: types.string });
    this.#total = this.getRuntimeContext().getState(new ValueStateDescriptor("total", type));
  }

  override processElement(order: Order, context: KeyedProcessContext<string>): void {
    const { orders, amount } = this.#total.value() ?? { orders: 0, amount: 0 };
    this.#total.update({ orders: orders + 1, amount: amount + order.amount, note: String(order.time).padEnd(NOTE_LENGTH, ".") });
    context.timerService().registerEventTimeTimer(this.#end);
  }

  override onTimer(_timestamp: number, context: OnTimerContext<string>, out: Collector<Total>): void {
    const { orders, amount } = this.#total.value()!;
    out.collect({ customer: context.getCurrentKey(), from: -1, orders, amount });
  }
}
