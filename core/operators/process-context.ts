import type { OutputTag } from "../functions/output-tag.ts";
import type { OnTimerContext, ProcessContext, TimeDomain, TimerService } from "../functions/stream-functions.ts";
import { NO_TIMESTAMP } from "../time/timestamp.ts";
import type { KeyedFunction } from "./keyed-function.ts";
import type { OperatorContext } from "./operator.ts";
import { timestampOfTimer } from "./timestamped-collector.ts";

/** The context of a process function: one object per subtask, which the operator sets before each call. */
export class RecordContext implements ProcessContext {
  /** Of the record at hand. */
  recordTimestamp = NO_TIMESTAMP;
  readonly #context: OperatorContext;
  readonly #timerService: TimerService;

  constructor(context: OperatorContext, timerService: TimerService) {
    this.#context = context;
    this.#timerService = timerService;
  }

  timestamp(): number | undefined {
    return this.recordTimestamp === NO_TIMESTAMP ? undefined : this.recordTimestamp;
  }

  timerService(): TimerService {
    return this.#timerService;
  }

  output<S>(tag: OutputTag<S>, record: S): void {
    this.#context.metrics.recordsOut += 1;
    this.#context.sideOutput(tag).processRecord(record, this.recordTimestamp);
  }
}

/** The context of a keyed process function, in `processElement` and in `onTimer`. */
export class KeyedRecordContext<K> implements OnTimerContext<K> {
  /** Of the record at hand, or the time of the timer. */
  time = NO_TIMESTAMP;
  domain: TimeDomain = "EVENT_TIME";
  readonly #context: OperatorContext;
  readonly #function: KeyedFunction;
  readonly #timerService: TimerService;

  constructor(context: OperatorContext, fn: KeyedFunction, timerService: TimerService) {
    this.#context = context;
    this.#function = fn;
    this.#timerService = timerService;
  }

  timestamp(): number | undefined {
    return this.time === NO_TIMESTAMP ? undefined : this.time;
  }

  timerService(): TimerService {
    return this.#timerService;
  }

  getCurrentKey(): K {
    // The operator was given the key selector that makes K.
    return this.#function.currentKey as K;
  }

  timeDomain(): TimeDomain {
    return this.domain;
  }

  output<S>(tag: OutputTag<S>, record: S): void {
    this.#context.metrics.recordsOut += 1;
    this.#context.sideOutput(tag).processRecord(record, timestampOfTimer(this.time));
  }
}
