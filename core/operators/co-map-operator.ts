import type { FunctionScope } from "../functions/function-binding.ts";
import type { CoMapFunction } from "../functions/stream-functions.ts";
import type { KeyOf } from "./keyed-function.ts";
import type { Operator, OperatorContext, Output } from "./operator.ts";
import { TwoInputWatermarks } from "./two-input-watermarks.ts";

/** The key selectors of two keyed streams that are connected. */
export interface TwoKeys<in A, in B> {
  readonly keyOf1: KeyOf<A>;
  readonly keyOf2: KeyOf<B>;
}

/** One record out for each record in, from either of two inputs. */
export class CoMapOperator<A, B, R> implements Operator {
  readonly inputs: readonly [Output<A>, Output<B>];
  readonly #fn: CoMapFunction<A, B, R>;
  readonly #scope: FunctionScope;
  readonly #context: OperatorContext;
  readonly #watermarks: TwoInputWatermarks;

  constructor(fn: CoMapFunction<A, B, R>, context: OperatorContext, scope: FunctionScope) {
    this.#fn = fn;
    this.#scope = scope;
    this.#context = context;
    this.#watermarks = new TwoInputWatermarks(context, {
      onWatermark: (watermark) => this.#forwardWatermark(watermark),
      onIdleness: (idle) => context.output.processIdleness(idle),
    });
    this.inputs = [
      this.#watermarks.input(0, (record: A, timestamp) => this.#map1(record, timestamp)),
      this.#watermarks.input(1, (record: B, timestamp) => this.#map2(record, timestamp)),
    ];
  }

  open(): void {
    this.#scope.open();
  }

  snapshot(): void {
    this.#watermarks.snapshot();
  }

  close(): void {
    this.#scope.close();
  }

  #map1(record: A, timestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    let result: R;
    this.#scope.enter();
    try {
      result = this.#fn.map1(record);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    this.#emit(result, timestamp);
  }

  #map2(record: B, timestamp: number): void {
    this.#context.metrics.recordsIn += 1;
    let result: R;
    this.#scope.enter();
    try {
      result = this.#fn.map2(record);
    } catch (cause) {
      throw this.#context.userError(cause, record, timestamp);
    }
    this.#emit(result, timestamp);
  }

  #emit(result: R, timestamp: number): void {
    this.#context.metrics.recordsOut += 1;
    this.#context.output.processRecord(result, timestamp);
  }

  #forwardWatermark(watermark: number): void {
    this.#context.metrics.currentWatermark = watermark;
    this.#context.output.processWatermark(watermark);
  }
}
