import { CollectionSource, type Collection } from "../connectors/collection-source.ts";
import type { ColumnArrays, RecordOfColumns } from "../connectors/column-arrays.ts";
import { ColumnSource, type ColumnLoader, type NotLoader } from "../connectors/column-source.ts";
import { SequenceSource } from "../connectors/sequence-source.ts";
import { sourceFactory } from "../connectors/source-operator.ts";
import type { Source } from "../connectors/source.ts";
import { jobGraphToJson } from "../graph/fingerprint.ts";
import { explain } from "../graph/explain.ts";
import { buildJobGraph } from "../graph/job-graph.ts";
import type { JobSettings, StreamGraph, StreamNode } from "../graph/stream-graph.ts";
import type { Duration } from "../lib/duration.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { WatermarkStrategy } from "../time/watermark-strategy.ts";
import { CheckpointConfig, type CheckpointingMode } from "./checkpoint-config.ts";
import { checkpointSettings } from "./checkpoint-options.ts";
import { DataStreamSource } from "./data-stream-source.ts";
import {
  DEFAULT_OPTIONS,
  type ExecutionOptions,
  type ResolvedOptions,
  type RuntimeExecutionMode,
  mergeOptions,
} from "./execution-options.ts";
import type { Executor, JobClient, JobExecutionResult, SubmitOptions } from "./executor.ts";
import { requireColumns } from "./known-columns.ts";
import type { TimeSpan } from "./option-values.ts";
import { StreamGraphBuilder } from "./stream-graph-builder.ts";
import { STREAM_MAKERS } from "./stream-makers.ts";

const DEFAULT_JOB_NAME = "Tamias Job";

/**
 * Where a job is written and from where it is run: it makes the sources, collects every operator that is added to their streams,
 * and hands the graph to its executor.
 *
 * A job is what was written since the last execution, with everything upstream of it. Streams can be used again in the next job
 * of the environment.
 *
 * @example
 * ```ts
 * import { StreamExecutionEnvironment } from "tamias";
 *
 * const env = StreamExecutionEnvironment.getExecutionEnvironment();
 * env.fromElements("hello", "world").map((word) => word.length).print(); // 5, 5
 * const result = await env.execute("word lengths");
 * console.log(result.jobName); // word lengths
 * ```
 */
export class StreamExecutionEnvironment {
  readonly #executor: Executor;
  readonly #graph: StreamGraphBuilder;
  #options: ResolvedOptions;

  /** @throws JobError UNKNOWN_OPTION, INVALID_ARGUMENT */
  constructor(executor: Executor, options: ExecutionOptions = {}) {
    this.#executor = executor;
    this.#options = mergeOptions(DEFAULT_OPTIONS, options);
    this.#graph = new StreamGraphBuilder(STREAM_MAKERS, (jobName) => this.#prepare(jobName, true));
  }

  /**
   * How many subtasks each operator has that sets none itself. @throws JobError INVALID_ARGUMENT unless it is a whole number from
   * 1 on.
   */
  setParallelism(parallelism: number): this {
    return this.configure({ parallelism });
  }

  getParallelism(): number {
    return this.#options.parallelism;
  }

  /**
   * Number of key groups of each operator that sets none itself: the bound on any later parallelism. @throws JobError
   * INVALID_ARGUMENT
   */
  setMaxParallelism(maxParallelism: number): this {
    return this.configure({ maxParallelism });
  }

  /** Undefined where Flink's formula decides. */
  getMaxParallelism(): number | undefined {
    return this.#options.maxParallelism;
  }

  /** @throws JobError INVALID_ARGUMENT; that BATCH has bounded sources only is checked when the graph is complete. */
  setRuntimeMode(runtimeMode: RuntimeExecutionMode): this {
    return this.configure({ runtimeMode });
  }

  /**
   * Longest wait of a record in a partly filled buffer, ms or a Duration; 0 sends each record at once. @throws JobError
   * INVALID_ARGUMENT
   */
  setBufferTimeout(bufferTimeout: number | Duration): this {
    return this.configure({ bufferTimeout });
  }

  /**
   * Takes checkpoints, so that a job that fails goes on from the last one with every result right, once.
   *
   * @param interval from the beginning of one to that of the next: ms, a Duration, or text such as `"10 s"`
   * @throws JobError INVALID_ARGUMENT
   */
  enableCheckpointing(interval: TimeSpan, mode?: CheckpointingMode): this {
    return this.configure({ "execution.checkpointing.interval": interval, "execution.checkpointing.mode": mode });
  }

  /** How checkpoints are taken, under Flink's names; changes it as `configure` does. */
  getCheckpointConfig(): CheckpointConfig {
    const options = (): ResolvedOptions => this.#options;
    return new CheckpointConfig({
      get checkpointOptions() {
        return options().checkpointOptions;
      },
      configure: (given) => this.configure(given),
    });
  }

  /** Runs every operator in a task of its own. */
  disableOperatorChaining(): this {
    return this.configure({ operatorChaining: false });
  }

  /** Sets several options at once. @throws JobError UNKNOWN_OPTION, which suggests the nearest name; INVALID_ARGUMENT */
  configure(options: ExecutionOptions): this {
    this.#options = mergeOptions(this.#options, options);
    return this;
  }

  /** A stream of these elements, in order. @throws JobError INVALID_ARGUMENT without elements. */
  fromElements<T>(...elements: readonly T[]): DataStreamSource<T> {
    if (elements.length === 0) {
      throw new JobError(
        "INVALID_ARGUMENT",
        "fromElements needs at least one element; for an empty stream write fromCollection<Reading>([])",
      );
    }
    return this.#elements(elements);
  }

  /**
   * The newer name of `fromElements`; it takes the elements one by one or as one array. @throws JobError INVALID_ARGUMENT without
   * elements.
   */
  fromData<T>(elements: readonly T[]): DataStreamSource<T>;
  fromData<T>(...elements: readonly T[]): DataStreamSource<T>;
  fromData<T>(...given: readonly (T | readonly T[])[]): DataStreamSource<T> {
    const [first] = given;
    // An array is not spread: it may be longer than a call can have arguments.
    if (given.length === 1 && Array.isArray(first)) return this.fromCollection(first as readonly T[]);
    return this.fromElements(...(given as readonly T[]));
  }

  /**
   * A stream of what an array, an iterable, an async iterable or a ReadableStream gives, in order. Async ones are asked for more
   * as fast as the job takes it. Live objects are read where the source runs.
   * @throws JobError INVALID_ARGUMENT for anything else.
   */
  fromCollection<T>(collection: Collection<T>): DataStreamSource<T> {
    return this.#elements(collection);
  }

  /**
   * A stream of records that are there as columns, an array for each field; it runs on columns as far as its operators do. Each subtask
   * reads one range of the rows. The arrays must not change while the job runs.
   *
   * For watermarks per subtask use `fromSource` with a `ColumnSource`.
   *
   * @example
   * ```ts
   * import { StreamExecutionEnvironment, columnsOf } from "tamias";
   *
   * const env = StreamExecutionEnvironment.getExecutionEnvironment();
   * const readings = env.fromColumns({ time: new Float64Array([0, 60, 120]), room: ["hall", "attic", "hall"] });
   * const late = readings.filter(columnsOf<{ time: number }>()("time").gt(50));
   * console.log(await late.executeAndCollect().toArray()); // [ { time: 60, room: 'attic' }, { time: 120, room: 'hall' } ]
   * ```
   *
   * @param columns the arrays; or a function that gives them, or a promise of them, which is called once in each worker that reads them, and
   *   in no other. Their names are not known then before the job runs. `setParallelism(1)` lets one subtask read, and so one worker load
   * @throws JobError INVALID_ARGUMENT unless the columns are typed arrays or arrays of one length
   */
  fromColumns<C extends ColumnArrays<C>>(load: ColumnLoader<C>): DataStreamSource<RecordOfColumns<C>>;
  fromColumns<C extends ColumnArrays<C>>(columns: C & NotLoader<C>): DataStreamSource<RecordOfColumns<C>>;
  fromColumns<C extends ColumnArrays<C>>(columns: C & NotLoader<C>): DataStreamSource<RecordOfColumns<C>> {
    return this.#source({ name: "Source: Columns", source: new ColumnSource<C>(columns), timestamps: "none" });
  }

  /**
   * The whole numbers from `from` to `to`, both included; each subtask reads one range of them. @throws JobError INVALID_ARGUMENT
   */
  fromSequence(from: number, to: number): DataStreamSource<number> {
    return this.#source({ name: "Source: Sequence", source: new SequenceSource(from, to), timestamps: "none" });
  }

  /**
   * A stream of what a source reads. Watermarks are made per split. Timestamps are those of the strategy's assigner, else those
   * that the source knows.
   *
   * @param name what `explain`, metrics and errors call it
   * @throws JobError INVALID_ARGUMENT
   */
  fromSource<T, Split, EnumeratorState>(
    source: Source<T, Split, EnumeratorState>,
    watermarkStrategy: WatermarkStrategy<T>,
    name: string,
  ): DataStreamSource<T> {
    if (typeof source !== "object" || source === null || typeof source.createReader !== "function") {
      throw new JobError(
        "INVALID_ARGUMENT",
        `fromSource takes a Source, such as new DataGeneratorSource((i) => i, 100), but got ${show(source)}`,
      );
    }
    if (!(watermarkStrategy instanceof WatermarkStrategy)) {
      throw new JobError(
        "INVALID_ARGUMENT",
        "fromSource takes a WatermarkStrategy second, such as WatermarkStrategy.noWatermarks(), " +
          `but got ${show(watermarkStrategy)}`,
      );
    }
    const timestamps = watermarkStrategy.timestampAssigner === undefined ? "unknown" : "assigned";
    return this.#source({ name: "Source", source, timestamps, strategy: watermarkStrategy }).name(name);
  }

  /**
   * Runs the job and waits for its end. A job with results under names (`collectSink("name")`) or a `PushSource` needs a client: `executeAsync()`.
   *
   * @returns a promise that rejects with what made the job fail, with a refusal of the graph (EMPTY_JOB, DUPLICATE_UID, NO_CLIENT, …), or
   *   with JOB_CANCELED
   */
  async execute(jobName?: string, options: SubmitOptions = {}): Promise<JobExecutionResult> {
    return this.#prepare(jobName, true)(options).result();
  }

  /** Starts the job and returns a hold on it. Rejects where the graph is refused. */
  async executeAsync(jobName?: string, options: SubmitOptions = {}): Promise<JobClient> {
    return this.#prepare(jobName, false)(options);
  }

  /**
   * The job as it is written so far, checked. Pure: it runs nothing and can be called again.
   * @throws JobError EMPTY_JOB, DUPLICATE_UID, INVALID_ARGUMENT (parallelism above the maximum, forward between unequal
   *   parallelisms, an unbounded source in BATCH)
   */
  getStreamGraph(jobName: string = DEFAULT_JOB_NAME): StreamGraph {
    if (this.#graph.isExecuted) {
      throw new JobError("EMPTY_JOB", "the job was executed already, and nothing was added since: write it again, in a function say, before each execute()");
    }
    const options = this.#options;
    const undecided = this.#graph.build(jobName, { ...settingsOf(options), mode: "STREAMING" });
    const mode = modeOf(options.runtimeMode, undecided.nodes);
    const graph = { ...undecided, settings: { ...undecided.settings, mode } };
    // Chaining checks what only the complete graph can tell.
    buildJobGraph(graph);
    return graph;
  }

  /** The chained job graph as JSON, for tools. Pure. @throws JobError as `getStreamGraph` */
  getExecutionPlan(): string {
    return JSON.stringify(jobGraphToJson(buildJobGraph(this.getStreamGraph())));
  }

  /**
   * The chained job graph as text, for people: chains, partitioning, windows, and what runs on rows or columns. Pure. @throws
   * JobError as `getStreamGraph`
   */
  explain(jobName?: string): string {
    return explain(buildJobGraph(this.getStreamGraph(jobName)), { hasKernelModule: this.#executor.hasKernelModule === true });
  }

  #prepare(jobName: string | undefined, isClientless: boolean): (options: SubmitOptions) => JobClient {
    const graph = this.getStreamGraph(jobName);
    this.#graph.startNextJob();
    return (options) => this.#executor.submit(graph, { ...options, isClientless });
  }

  #elements<T>(collection: Collection<T>): DataStreamSource<T> {
    const source = new CollectionSource(collection);
    return this.#source({ name: "Source: Collection", source, timestamps: "none", parallelismMax: 1 });
  }

  #source<T, Split, EnumeratorState>(spec: {
    readonly name: string;
    readonly source: Source<T, Split, EnumeratorState>;
    readonly timestamps: StreamNode["timestamps"];
    readonly strategy?: WatermarkStrategy<T>;
    readonly parallelismMax?: 1;
  }): DataStreamSource<T> {
    const { name, source, timestamps, strategy = WatermarkStrategy.noWatermarks<T>(), parallelismMax } = spec;
    const { columnNames } = source;
    requireColumns("withTimestampAssigner", strategy.timestampExpression?.columnNames ?? [], columnNames);
    const factory = sourceFactory({ source, strategy });
    // The enumerator's messages are typed by its source alone; the graph holds sources of every type.
    const enumerator = { source: source as unknown as Source<unknown, unknown, unknown> };
    return new DataStreamSource(this.#graph, this.#graph.addSource({ name, factory, parallelismMax, enumerator, timestamps, columnNames }));
  }
}

function settingsOf(options: ResolvedOptions): Omit<JobSettings, "mode"> {
  return {
    parallelism: options.parallelism,
    maxParallelism: options.maxParallelism,
    bufferTimeoutMs: options.bufferTimeoutMs,
    chaining: options.operatorChaining,
    endOfInputTimers: options.endOfInputTimers,
    firePanesPerTurn: options.firePanesPerTurn,
    batchSortBytesMax: options.batchSortBytesMax,
    ...checkpointSettings(options.checkpointOptions),
  };
}

/** @throws JobError INVALID_ARGUMENT where BATCH meets a source without end. */
function modeOf(asked: RuntimeExecutionMode, nodes: readonly StreamNode[]): JobSettings["mode"] {
  if (asked === "STREAMING") return "STREAMING";
  const endless = nodes.find(({ enumerator }) => enumerator !== undefined && enumerator.source.boundedness !== "BOUNDED");
  if (endless === undefined) return "BATCH";
  if (asked === "AUTOMATIC") return "STREAMING";
  throw new JobError(
    "INVALID_ARGUMENT",
    `BATCH needs bounded sources, but "${endless.name}" is not known to end: ` +
      "use RuntimeExecutionMode.STREAMING, or AUTOMATIC, which decides by the sources",
  );
}
