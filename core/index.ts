/**
 * Tamias: Apache Flink's model (event time, keyed state, windows) wherever JavaScript runs. This is the DataStream API; jobs run
 * in place, in the thread that calls `execute()`.
 */

// Where a job is written and run.
export { StreamExecutionEnvironment, type ExecutionContext } from "./local-environment.ts";
export type { KernelExports, KernelModule } from "./host/kernel-module.ts";
export { RuntimeExecutionMode, type ExecutionOptions } from "./api/execution-options.ts";
export type {
  CheckpointReport,
  CheckpointStatistics,
  ClusterJobClient,
  Executor,
  ExecutorOptions,
  JobClient,
  JobExecutionResult,
  JobReport,
  JobStatus,
  ReportOptions,
  Savepoint,
  SavepointOptions,
  StopOptions,
  SubmitOptions,
  SubtaskStatus,
} from "./api/executor.ts";
export type { ClusterOptions, ClusterSubmitOptions } from "./cluster.ts";

// Checkpoints and recovery.
export { CheckpointConfig, CheckpointingMode, ExternalizedCheckpointRetention } from "./api/checkpoint-config.ts";
export type { CheckpointOptions } from "./api/checkpoint-options.ts";
export type { TimeSpan } from "./api/option-values.ts";
export type { AsyncStorage, OpenStorage, StorageSchemes } from "./host/storage.ts";
export type { JobGraphJson } from "./graph/fingerprint.ts";
export { isJobModule, type JobArg, type JobArgs, type JobModule, type JobOption } from "./api/job-module.ts";
export type { StreamGraph, StreamNode } from "./graph/stream-graph.ts";
export type { MetricsRow } from "./metrics/prometheus.ts";
export type { OperatorMetrics } from "./metrics/operator-metrics.ts";

// Streams. Their classes are for `instanceof` and for types; streams make each other.
export { DataStream } from "./api/data-stream.ts";
export { DataStreamSource } from "./api/data-stream-source.ts";
export { SingleOutputStreamOperator } from "./api/single-output-stream-operator.ts";
export { KeyedStream } from "./api/keyed-stream.ts";
export { WindowedStream } from "./api/windowed-stream.ts";
export { AllWindowedStream } from "./api/all-windowed-stream.ts";
export { ConnectedStreams, KeyedConnectedStreams } from "./api/connected-streams.ts";
export { DataStreamSink } from "./api/data-stream-sink.ts";
export { CollectedRows, type CollectOptions } from "./api/collected-rows.ts";
export type { CustomPartitioner, Key, KeyField } from "./api/key-selector.ts";
export type { Comparable, FieldOf, Selecting, Summable } from "./api/field-aggregations.ts";

// Functions: lambdas, object literals that fit the interfaces, or classes that extend the bases.
export type {
  AllWindowApplying,
  AllWindowProcessing,
  Condition,
  Filtering,
  FlatMapping,
  KeyedProcessing,
  Mapping,
  Processing,
  Reducing,
  WindowApplying,
  WindowProcessing,
} from "./api/functions.ts";
export {
  AbstractRichFunction,
  CoProcessFunction,
  KeyedCoProcessFunction,
  KeyedProcessFunction,
  ProcessAllWindowFunction,
  ProcessFunction,
  ProcessWindowFunction,
  RichAllWindowFunction,
  RichCoFlatMapFunction,
  RichCoMapFunction,
  RichFilterFunction,
  RichFlatMapFunction,
  RichMapFunction,
  RichReduceFunction,
  RichWindowFunction,
} from "./functions/rich-functions.ts";
export type {
  CoFlatMapFunction,
  CoMapFunction,
  CoProcessFunctionLike,
  FilterFunction,
  FlatMapFunction,
  KeyedCoProcessFunctionLike,
  KeyedProcessContext,
  KeyedProcessFunctionLike,
  MapFunction,
  OnTimerContext,
  ProcessContext,
  ProcessFunctionLike,
  RichFunction,
  TimeDomain,
  TimerService,
} from "./functions/stream-functions.ts";
export type {
  AllWindowFunction,
  KeyedStateStore,
  ProcessAllWindowFunctionLike,
  ProcessWindowContext,
  ProcessWindowFunctionLike,
  WindowFunction,
} from "./functions/window-functions.ts";
export type { Collector } from "./functions/collector.ts";
export type {
  CheckpointedFunction,
  FunctionInitializationContext,
  FunctionSnapshotContext,
  OperatorStateStore,
} from "./functions/checkpointed-function.ts";
export type { RuntimeContext } from "./functions/runtime-context.ts";
export { OutputTag } from "./functions/output-tag.ts";
export type { AggregateFunction, ReduceFunction } from "./state/aggregation.ts";

// Expressions: what filters, projections, keys and aggregates compute, on records and on columns alike.
export { columnsOf, Expression, literal, type StreamOf } from "./data/expression.ts";
export type { AdditionOf, NamedExpressions, ProjectionOf } from "./data/expression-projection.ts";

// Accumulators.
export type { Accumulator } from "./functions/accumulator.ts";
export {
  AverageAccumulator,
  DoubleCounter,
  DoubleMaximum,
  DoubleMinimum,
  Histogram,
  IntCounter,
  IntMaximum,
  IntMinimum,
  ListAccumulator,
  LongCounter,
} from "./functions/built-in-accumulators.ts";

// Time.
export { Duration, days, hours, milliseconds, minutes, seconds } from "./lib/duration.ts";
export { WatermarkStrategy, type TimestampAssigner, type TimestampExpression } from "./time/watermark-strategy.ts";
export {
  BoundedOutOfOrdernessWatermarks,
  NoWatermarks,
  type WatermarkGenerator,
  type WatermarkOutput,
} from "./time/watermark-generator.ts";
export { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP } from "./time/timestamp.ts";

// Windows and built-in aggregates.
export { GlobalWindow, TimeWindow, type Window } from "./windows/time-window.ts";
export type { DefaultTrigger, WindowAssigner, WindowAssignerContext } from "./windows/window-assigner.ts";
export { TumblingEventTimeWindows, TumblingProcessingTimeWindows } from "./windows/tumbling-windows.ts";
export { SlidingEventTimeWindows, SlidingProcessingTimeWindows } from "./windows/sliding-windows.ts";
export {
  DynamicEventTimeSessionWindows,
  DynamicProcessingTimeSessionWindows,
  EventTimeSessionWindows,
  ProcessingTimeSessionWindows,
  type SessionWindowTimeGapExtractor,
} from "./windows/session-windows.ts";
export { GlobalWindows } from "./windows/global-windows.ts";
export { WindowStagger } from "./windows/window-stagger.ts";
export {
  avg,
  count,
  first,
  last,
  max,
  min,
  stddevPop,
  stddevSamp,
  sum,
  varPop,
  varSamp,
  type AggregateKind,
  type AggregateResult,
  type AggregateSpec,
  type FieldAggregate,
  type FieldExpression,
  type FieldSelector,
} from "./windows/aggregates.ts";

// State and types.
export {
  AggregatingStateDescriptor,
  ListStateDescriptor,
  MapStateDescriptor,
  ReducingStateDescriptor,
  ValueStateDescriptor,
} from "./state/descriptors.ts";
export type { OperatorListState } from "./state/operator-state.ts";
export type { AggregatingState, ListState, MapState, ReducingState, State, ValueState } from "./state/state.ts";
export { types, type CustomCodec, type ObjectOf, type OptionalType, type Type, type TypeOf } from "./data/type.ts";
export { fromSchema, type StandardSchema } from "./data/standard-schema.ts";

// Sources and sinks.
export type {
  InputStatus,
  ReaderOutput,
  Source,
  SourceReader,
  SourceReaderContext,
  SplitEnumerator,
  SplitEnumeratorContext,
} from "./connectors/source.ts";
export type { Committer, Sink, SinkWriter, SinkWriterContext } from "./connectors/sink.ts";
export { CollectionSource, type Collection } from "./connectors/collection-source.ts";
export { ColumnSource, type ColumnLoader } from "./connectors/column-source.ts";
export { BatchEncoder } from "./connectors/array-encoder.ts";
export type { ColumnArray, ColumnArrays, RecordOfColumns } from "./connectors/column-arrays.ts";
export { StringDictionary, type DictionaryArray } from "./connectors/dictionary-array.ts";
export type { Column } from "./data/column.ts";
export type { ColumnBatch } from "./data/column-batch.ts";
export { SequenceSource } from "./connectors/sequence-source.ts";
export {
  DataGeneratorSource,
  type DataGeneratorOptions,
  type RecordGenerator,
  type SeededRandom,
} from "./connectors/generator-source.ts";
export { callbackSink, type CallbackContext } from "./connectors/callback-sink.ts";
export { PushSource } from "./connectors/push-source.ts";
export { collectSink, type CollectTarget } from "./connectors/collection-sink.ts";
export { printSink } from "./connectors/print-sink.ts";

// Errors.
export { ERROR_CODES, JobError, type ErrorCode, type ErrorPlace, type JobErrorOptions } from "./lib/errors.ts";
