import {
  KeyedProcessFunction,
  KeyedCoProcessFunction,
  ListStateDescriptor,
  MapStateDescriptor,
  OutputTag,
  ProcessWindowFunction,
  ValueStateDescriptor,
  types,
  type AggregateFunction,
  type Collector,
  type KeyedProcessContext,
  type ListState,
  type MapState,
  type OnTimerContext,
  type ProcessWindowContext,
  type RuntimeContext,
  type ValueState,
  type Window,
} from "tamias";
import type { Row } from "./rows.ts";

/** Rows that are too late for their windows. */
export const LATE = new OutputTag<Row>("late");
/** What a process function says beside its results. */
export const SIDE = new OutputTag<Row>("side");
/** What depends on the clock, apart from all else: which timers were set, and which fired. */
export const CLOCK = new OutputTag<Row>("clock");

/** When a row sets a timer of event time, and whether it takes it back. */
export function timerOf(value: number, timestamp: number): { readonly time: number; readonly deletes: boolean } {
  return { time: (Math.floor(timestamp / 20) + 1) * 20 + (value % 4) * 5, deletes: value % 5 === 4 };
}

/** The timer that a timer sets. */
export function nextTimerOf(time: number, count: number): number | undefined {
  return count % 3 === 1 ? time + 15 : undefined;
}

/** What the states of a key amount to, and all that is done to them; the function below keeps them in state, its model in a plain Map. */
interface KeyStates {
  readonly count: ValueState<number>;
  readonly keyNumber: ValueState<number>;
  readonly ids: ListState<number>;
  readonly remainders: MapState<string, number>;
}

function statesOf(context: RuntimeContext): KeyStates {
  return {
    count: context.getState(new ValueStateDescriptor("count", types.number)),
    keyNumber: context.getState(new ValueStateDescriptor<number>("key")),
    ids: context.getListState(new ListStateDescriptor<number>("ids")),
    remainders: context.getMapState(new MapStateDescriptor<string, number>("remainders")),
  };
}

function onRow(states: KeyStates, row: Row, context: KeyedProcessContext<unknown>, out: Collector<Row>, input: number): void {
  const count = (states.count.value() ?? 0) + 1;
  states.count.update(count);
  states.keyNumber.update(row.key);
  states.ids.add(row.id);
  const remainder = `${input}/${row.value % 3}`;
  states.remainders.put(remainder, (states.remainders.get(remainder) ?? 0) + 1);
  const timestamp = context.timestamp();
  if (timestamp === undefined || !Number.isFinite(timestamp)) throw new Error(`${row.note} has no timestamp`);
  const { time, deletes } = timerOf(row.value, timestamp);
  if (deletes) context.timerService().deleteEventTimeTimer(time);
  else context.timerService().registerEventTimeTimer(time);
  if (row.value % 6 === 0) context.output(SIDE, { ...row, note: `side ${row.note}` });
  out.collect({ ...row, value: count, note: `${row.note} was ${count} at ${context.timerService().currentWatermark()}` });
}

function onEventTimer(states: KeyStates, time: number, context: OnTimerContext<unknown>, out: Collector<Row>): void {
  const count = states.count.value() ?? 0;
  const remainders = [...states.remainders.entries()].map(([name, of]) => `${name}:${of}`).sort();
  out.collect({ id: -1, key: states.keyNumber.value() ?? -1, time, value: count, note: `timer ${time} of [${[...states.ids.get()]}] {${remainders}}` });
  states.ids.clear();
  states.remainders.remove("0/0");
  const next = nextTimerOf(time, count);
  states.count.update(count + 1);
  if (next !== undefined) context.timerService().registerEventTimeTimer(next);
}

function onClockTimer(time: number, key: number, context: OnTimerContext<unknown>): void {
  context.output(CLOCK, { id: -1, key, time: 0, value: time, note: "fired" });
}

function setClockTimer(row: Row, context: KeyedProcessContext<unknown>): void {
  const time = context.timerService().currentProcessingTime() + 1 + (row.value % 9);
  context.timerService().registerProcessingTimeTimer(time);
  context.output(CLOCK, { id: -1, key: row.key, time: 0, value: time, note: "set" });
}

/** Every kind of state, timers that are set, deleted and set again by timers, side outputs. */
export class Bookkeeper extends KeyedProcessFunction<unknown, Row, Row> {
  readonly #clock: boolean;
  #states: KeyStates | undefined;

  constructor(clock: boolean) {
    super();
    this.#clock = clock;
  }

  override open(context: RuntimeContext): void {
    this.#states = statesOf(context);
  }

  override processElement(row: Row, context: KeyedProcessContext<unknown>, out: Collector<Row>): void {
    onRow(this.#states!, row, context, out, 0);
    if (this.#clock) setClockTimer(row, context);
  }

  override onTimer(time: number, context: OnTimerContext<unknown>, out: Collector<Row>): void {
    if (context.timeDomain() === "EVENT_TIME") onEventTimer(this.#states!, time, context, out);
    else onClockTimer(time, this.#states!.keyNumber.value() ?? -1, context);
  }
}

/** The same for two inputs, which share state and timers. */
export class TwoInputBookkeeper extends KeyedCoProcessFunction<unknown, Row, Row, Row> {
  #states: KeyStates | undefined;

  override open(context: RuntimeContext): void {
    this.#states = statesOf(context);
  }

  override processElement1(row: Row, context: KeyedProcessContext<unknown>, out: Collector<Row>): void {
    onRow(this.#states!, row, context, out, 0);
  }

  override processElement2(row: Row, context: KeyedProcessContext<unknown>, out: Collector<Row>): void {
    onRow(this.#states!, row, context, out, 1);
  }

  override onTimer(time: number, context: OnTimerContext<unknown>, out: Collector<Row>): void {
    onEventTimer(this.#states!, time, context, out);
  }
}

/** Both rows as one; the note tells the order. */
export function reduceRows(left: Row, right: Row): Row {
  return { id: right.id, key: left.key, time: left.time, value: left.value + right.value, note: `${left.note}+${right.note}` };
}

/** An accumulator of the user's own that may be sliced: a list of ids, changed in place. */
export const FOLD: AggregateFunction<Row, { key: number; ids: string[]; sum: number }, Row> = {
  createAccumulator: () => ({ key: -1, ids: [], sum: 0 }),
  add(row, accumulator) {
    accumulator.key = row.key;
    accumulator.ids.push(row.note);
    accumulator.sum += row.value;
    return accumulator;
  },
  merge(earlier, later) {
    earlier.key = later.key;
    earlier.ids.push(...later.ids);
    earlier.sum += later.sum;
    return earlier;
  },
  getResult: ({ key, ids, sum }) => ({ id: -1, key, time: 0, value: sum, note: ids.join("+") }),
  sliceable: true,
};

/** How a window result says what it saw. */
export interface Firing {
  readonly start: number;
  readonly end: number;
  readonly isRefiring: boolean | undefined;
  /** Firings of the key and of the window so far, where the function remembers. */
  readonly firings: readonly [ofKey: number, ofWindow: number] | undefined;
}

export function windowRow(firing: Firing, key: number, value: number, contents: string): Row {
  const { start, end, isRefiring, firings } = firing;
  const again = isRefiring === undefined ? "" : isRefiring ? " again" : " once";
  const counted = firings === undefined ? "" : ` (${firings.join(", ")})`;
  return { id: -1, key, time: Number.isFinite(end) ? end - 1 : 0, value, note: `[${start},${end})${again}${counted} ${contents}` };
}

/** Makes one row of whatever the window gives, and remembers, if asked to, in state of the key and of the window. */
export class WindowTeller<In> extends ProcessWindowFunction<In, Row, unknown, Window> {
  readonly #remembers: boolean;
  readonly #tell: (values: readonly In[]) => { readonly key: number; readonly value: number; readonly text: string };

  constructor(remembers: boolean, tell: (values: readonly In[]) => { readonly key: number; readonly value: number; readonly text: string }) {
    super();
    this.#remembers = remembers;
    this.#tell = tell;
  }

  override process(_key: unknown, context: ProcessWindowContext<Window>, values: Iterable<In>, out: Collector<Row>): void {
    const { start, end } = context.window();
    const { key, value, text } = this.#tell([...values]);
    const firings = this.#remembers ? this.#count(context, key) : undefined;
    out.collect(windowRow({ start, end, isRefiring: context.isRefiring(), firings }, key, value, text));
  }

  override clear(_key: unknown, context: Omit<ProcessWindowContext<Window>, "isRefiring">): void {
    if (!this.#remembers) return;
    const firings = context.windowState().getState(new ValueStateDescriptor<number>("firings of the window"));
    context.output(SIDE, { id: -1, key: -1, time: 0, value: firings.value() ?? 0, note: `cleared [${context.window().start},${context.window().end})` });
    firings.clear();
  }

  #count(context: ProcessWindowContext<Window>, _key: number): readonly [number, number] {
    const ofKey = context.globalState().getState(new ValueStateDescriptor<number>("firings of the key"));
    const ofWindow = context.windowState().getState(new ValueStateDescriptor<number>("firings of the window"));
    ofKey.update((ofKey.value() ?? 0) + 1);
    ofWindow.update((ofWindow.value() ?? 0) + 1);
    return [ofKey.value()!, ofWindow.value()!];
  }
}
