/** What is found in the lines of a log, wherever they come from and whatever shows it. */
import {
  KeyedProcessFunction,
  ListStateDescriptor,
  MapStateDescriptor,
  OutputTag,
  ProcessFunction,
  seconds,
  types,
  ValueStateDescriptor,
  WatermarkStrategy,
  type CheckpointedFunction,
  type Collector,
  type DataStream,
  type FunctionInitializationContext,
  type KeyedProcessContext,
  type ListState,
  type MapState,
  type OnTimerContext,
  type OperatorListState,
  type ProcessContext,
  type ValueState,
} from "tamias";
import { parseLogLine, type JsonRecord, type LogRecord, type YearState } from "./log-line.ts";
import { anomalyOutput, malformedOutput, metricsOutput, securityOutput, type MalformedOutput, type Output } from "./output.ts";
import {
  actionSlot,
  actionsOfMinute,
  isAnomaly,
  isFailedLogin,
  isSuccessfulLogin,
  judgeFailures,
  keyOf,
  metricsTimer,
  minuteOf,
  minuteOfTimer,
  OUT_OF_ORDERNESS_MS,
  sessionAfter,
  suspiciousAfter,
  type Session,
  type SuspiciousRecord,
} from "./rules.ts";

/** A line of a log, counted from 1. */
export interface LogLine {
  readonly lineNumber: number;
  readonly text: string;
}

const malformed = new OutputTag<MalformedOutput>("malformed");

/**
 * The lines must come from one subtask, in the order of the log: they are judged in it.
 *
 * @param year of the first line with a syslog time without one
 */
export function analyzeLog(lines: DataStream<LogLine>, year: number): DataStream<Output> {
  const records = lines.process(new ParseLines(year)).setParallelism(1).name("parse");
  return records
    .assignTimestampsAndWatermarks(
      WatermarkStrategy.forBoundedOutOfOrderness<LogRecord>(seconds(OUT_OF_ORDERNESS_MS / 1_000)).withTimestampAssigner((record) => record.timestamp),
    )
    .setParallelism(1)
    .keyBy(keyOf)
    .process(new JudgeRecords())
    .name("judge")
    .union(records.getSideOutput(malformed));
}

/** Turns lines into records. The year that the log is in is operator state: a restore goes on in it. */
class ParseLines extends ProcessFunction<LogLine, LogRecord> implements CheckpointedFunction {
  readonly #year: number;
  #years: YearState;
  #state!: OperatorListState<YearState>;

  constructor(year: number) {
    super();
    this.#year = year;
    this.#years = { year, newest: null };
  }

  initializeState(context: FunctionInitializationContext): void {
    this.#state = context.getOperatorStateStore().getListState(new ListStateDescriptor("years"));
    this.#years = { ...(this.#state.get()[0] ?? { year: this.#year, newest: null }) };
  }

  snapshotState(): void {
    this.#state.update([{ ...this.#years }]);
  }

  override processElement({ lineNumber, text }: LogLine, context: ProcessContext, out: Collector<LogRecord>): void {
    const parsed = parseLogLine(text, this.#years);
    if (parsed.kind === "malformed") context.output(malformed, malformedOutput(lineNumber, parsed.reason, text));
    else if (parsed.kind !== "ignored") out.collect(parsed);
  }
}

/** Judges each record as it comes, and reports each minute of a user when the watermark has passed it. */
class JudgeRecords extends KeyedProcessFunction<string, LogRecord, Output> {
  #failures!: ValueState<readonly number[]>;
  #lastLogin!: ValueState<number>;
  #session!: ValueState<Session>;
  #suspicious!: ListState<SuspiciousRecord>;
  #actions!: MapState<string, number>;

  override open(): void {
    const context = this.getRuntimeContext();
    this.#failures = context.getState(new ValueStateDescriptor<readonly number[]>("failures"));
    this.#lastLogin = context.getState(new ValueStateDescriptor("last login", types.number));
    this.#session = context.getState(new ValueStateDescriptor<Session>("session"));
    this.#suspicious = context.getListState(new ListStateDescriptor<SuspiciousRecord>("suspicious"));
    this.#actions = context.getMapState(new MapStateDescriptor("actions", types.string, types.number));
  }

  override processElement(record: LogRecord, context: KeyedProcessContext<string>, out: Collector<Output>): void {
    if (record.kind === "json") this.#judgeEvent(record, context, out);
    else if (record.outcome === "accepted") this.#failures.clear();
    else this.#fail(record, record.count, out);
  }

  override onTimer(timer: number, context: OnTimerContext<string>, out: Collector<Output>): void {
    const minute = minuteOfTimer(timer);
    const actions = actionsOfMinute(this.#actions.entries(), minute);
    for (const [action] of actions) this.#actions.remove(actionSlot(minute, action));
    const session = this.#session.value();
    if (session === undefined) return;
    const userId = context.getCurrentKey().slice("user ".length);
    out.collect(metricsOutput({ userId, minute, actions, session, suspicious: [...this.#suspicious.get()] }));
  }

  #judgeEvent(record: JsonRecord, context: KeyedProcessContext<string>, out: Collector<Output>): void {
    const { event, timestamp } = record;
    const isFailed = isFailedLogin(event);
    let alert: SuspiciousRecord["alert"] = isFailed && this.#fail(record, 1, out) ? "security" : null;
    if (isSuccessfulLogin(event)) {
      this.#failures.clear();
      this.#lastLogin.update(timestamp);
    }
    const lastLogin = this.#lastLogin.value();
    if (lastLogin !== undefined && isAnomaly(event.action, timestamp, lastLogin)) {
      out.collect(anomalyOutput(record, lastLogin));
      alert = "anomaly";
    }
    if (isFailed || alert !== null) {
      const suspicious = { timestamp, action: event.action, ipAddress: event.ip_address, alert };
      this.#suspicious.update(suspiciousAfter([...this.#suspicious.get()], suspicious));
    }
    this.#session.update(sessionAfter(this.#session.value(), event.session_id, timestamp));
    const slot = actionSlot(minuteOf(timestamp), event.action);
    this.#actions.put(slot, (this.#actions.get(slot) ?? 0) + 1);
    context.timerService().registerEventTimeTimer(metricsTimer(minuteOf(timestamp)));
  }

  /** Counts failed logins; returns whether they raised an alert. */
  #fail(record: LogRecord, count: number, out: Collector<Output>): boolean {
    const { failures, alerts } = judgeFailures(this.#failures.value() ?? [], record.timestamp, count);
    if (failures.length === 0) this.#failures.clear();
    else this.#failures.update(failures);
    for (const alert of alerts) out.collect(securityOutput(record, alert));
    return 0 < alerts.length;
  }
}
