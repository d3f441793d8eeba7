import { types } from "../data/type.ts";
import { JobError } from "../lib/errors.ts";
import { murmurHash } from "../lib/hash.ts";
import { Prng } from "../lib/prng.ts";
import { show } from "../lib/show.ts";
import { SplitDeal } from "./split-deal.ts";
import { splitQueueStateType, type SplitQueueState } from "./split-queue.ts";
import { SplitReader, type CursorStatus, type SplitCursor } from "./split-reader.ts";
import type { ReaderOutput, Source, SourceReader, SourceReaderContext, SplitEnumeratorContext } from "./source.ts";

/** Chance that is the same on every run. */
export interface SeededRandom {
  /** A number in [0, 1). */
  next(): number;
  /** An integer in [0, bound). */
  int(bound: number): number;
  /** One of the elements. */
  pick<T>(elements: readonly T[]): T;
}

/** Makes record number `index`, counted from 0. It must depend on nothing but its arguments. */
export type RecordGenerator<T> = (index: number, random: SeededRandom) => T;

/** Chance and pace of a `DataGeneratorSource`. */
export interface DataGeneratorOptions {
  /** Default 0. */
  readonly seed?: number;
  /** Over all subtasks, by the host's clock; default: as fast as the job takes them. */
  readonly recordsPerSecond?: number;
}

/** Records `next`, `next + stride`, … below `end` are still to be made. */
export interface GeneratorSplit {
  readonly id: string;
  readonly next: number;
  readonly stride: number;
  readonly end: number;
}

const splitType = /* @__PURE__ */ types.object({ id: types.string, next: types.number, stride: types.number, end: types.number });
const stateType = /* @__PURE__ */ splitQueueStateType(splitType);

const UINT32_RANGE = 4294967296;
/** After a pause, at most so much of what was missed is made up for at once. */
const CATCH_UP_MS_MAX = 100;
const OPTIONS = ["seed", "recordsPerSecond"];

/**
 * Made-up records, the same on every run: record i depends on the seed and i alone, whatever the parallelism. Subtasks take turns
 * (record 0 to subtask 0, 1 to subtask 1, …), so timestamps that grow with the index grow evenly in all of them.
 *
 * @example
 * ```ts
 * const readings = new DataGeneratorSource((i, random) => ({ sensor: random.int(10), time: i * 100, value: random.next() }),
 * 1_000, { seed: 7 });
 * ```
 */
export class DataGeneratorSource<T> implements Source<T, GeneratorSplit, SplitQueueState<GeneratorSplit>> {
  readonly boundedness: "BOUNDED" | "CONTINUOUS_UNBOUNDED";
  readonly splitType = splitType;
  readonly enumeratorStateType = stateType;
  readonly #generate: RecordGenerator<T>;
  readonly #count: number;
  readonly #seed: number;
  readonly #recordsPerSecond: number;

  /**
   * @param count How many records; Infinity makes the source unbounded.
   * @throws JobError INVALID_ARGUMENT, UNKNOWN_OPTION.
   */
  constructor(generate: RecordGenerator<T>, count: number, options: DataGeneratorOptions = {}) {
    const { seed = 0, recordsPerSecond = Infinity } = options;
    if (typeof generate !== "function")
      throw new JobError("INVALID_ARGUMENT", `a data generator needs a function, but got ${show(generate)}`);
    if (!(count === Infinity || (Number.isSafeInteger(count) && 0 <= count))) {
      throw new JobError(
        "INVALID_ARGUMENT",
        `the count of a data generator must be an integer from 0 on, or Infinity, but is ${show(count)}`,
      );
    }
    if (!Number.isFinite(seed))
      throw new JobError("INVALID_ARGUMENT", `the seed of a data generator must be a finite number, but is ${show(seed)}`);
    if (!(0 < recordsPerSecond)) {
      throw new JobError("INVALID_ARGUMENT", `recordsPerSecond must be greater than zero, but is ${show(recordsPerSecond)}`);
    }
    for (const name of Object.keys(options)) {
      if (OPTIONS.includes(name)) continue;
      throw new JobError("UNKNOWN_OPTION", `a data generator has no option "${name}"; it has ${OPTIONS.join(", ")}`);
    }
    this.#generate = generate;
    this.#count = count;
    this.#seed = seed;
    this.#recordsPerSecond = recordsPerSecond;
    this.boundedness = count === Infinity ? "CONTINUOUS_UNBOUNDED" : "BOUNDED";
  }

  describe(): string {
    const rate = this.#recordsPerSecond === Infinity ? "" : `, ${this.#recordsPerSecond} records/s`;
    return `data generator, ${this.#count === Infinity ? "endless" : `${this.#count} records`}, seed ${this.#seed}${rate}`;
  }

  splitId(split: GeneratorSplit): string {
    return split.id;
  }

  createEnumerator(context: SplitEnumeratorContext<GeneratorSplit>): SplitDeal<GeneratorSplit> {
    const splits: GeneratorSplit[] = [];
    for (let next = 0; next < Math.min(context.parallelism, this.#count); next += 1) {
      splits.push({ id: String(next), next, stride: context.parallelism, end: this.#count });
    }
    return new SplitDeal(context, splits, turnOf);
  }

  restoreEnumerator(
    context: SplitEnumeratorContext<GeneratorSplit>,
    state: SplitQueueState<GeneratorSplit>,
  ): SplitDeal<GeneratorSplit> {
    return new SplitDeal(context, state.splits, turnOf);
  }

  createReader(context: SourceReaderContext): SourceReader<T, GeneratorSplit> {
    return new SplitReader(context, {
      idOf: ({ id }) => id,
      open: (split) => {
        // Every split gets its share of the rate, whichever subtask reads it.
        const rate = this.#recordsPerSecond / split.stride;
        const limit = rate === Infinity ? undefined : new RateLimit(rate, context);
        return new GeneratorCursor(split, this.#generate, this.#seed, limit);
      },
    });
  }
}

/** Which of the subtasks that took turns makes the records. */
function turnOf({ id }: GeneratorSplit): number {
  return Number(id);
}

class GeneratorCursor<T> implements SplitCursor<T, GeneratorSplit> {
  readonly #split: GeneratorSplit;
  readonly #generate: RecordGenerator<T>;
  readonly #seed: SeedWords;
  readonly #limit: RateLimit | undefined;
  #next: number;

  constructor(split: GeneratorSplit, generate: RecordGenerator<T>, seed: number, limit: RateLimit | undefined) {
    this.#split = split;
    this.#generate = generate;
    this.#seed = wordsOf(seed);
    this.#limit = limit;
    this.#next = split.next;
  }

  next(output: ReaderOutput<T>): CursorStatus {
    if (this.#split.end <= this.#next) return "done";
    if (this.#limit !== undefined && !this.#limit.take()) return "waiting";
    const record = this.#make(this.#next);
    this.#next += this.#split.stride;
    output.collect(record);
    return "emitted";
  }

  position(): GeneratorSplit {
    return { ...this.#split, next: this.#next };
  }

  close(): void {
    this.#limit?.close();
  }

  #make(index: number): T {
    const random = new RecordRandom(this.#seed, index);
    try {
      return this.#generate(index, random);
    } catch (cause) {
      const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : show(cause);
      throw new JobError("USER_FUNCTION_FAILED", `the data generator threw at index ${index}: ${text}`, { cause });
    }
  }
}

/** Lets one record pass per interval of host time. */
class RateLimit {
  readonly #intervalMs: number;
  readonly #context: SourceReaderContext;
  #nextTime: number;
  #waiting: { cancel(): void } | undefined;

  constructor(recordsPerSecond: number, context: SourceReaderContext) {
    this.#intervalMs = 1_000 / recordsPerSecond;
    this.#context = context;
    this.#nextTime = context.now();
  }

  take(): boolean {
    const now = this.#context.now();
    if (now < this.#nextTime) {
      this.#waiting ??= this.#context.at(this.#nextTime, () => {
        this.#waiting = undefined;
        this.#context.notifyAvailable();
      });
      return false;
    }
    this.#nextTime = Math.max(this.#nextTime, now - CATCH_UP_MS_MAX) + this.#intervalMs;
    return true;
  }

  close(): void {
    this.#waiting?.cancel();
  }
}

/** The chance of one record: nothing depends on which records were made before. Made ready on first use, because many records use none. */
class RecordRandom implements SeededRandom {
  readonly #seed: SeedWords;
  readonly #index: number;
  #prng: Prng | undefined;

  constructor(seed: SeedWords, index: number) {
    this.#seed = seed;
    this.#index = index;
  }

  next(): number {
    return this.#ready().next();
  }

  int(bound: number): number {
    return this.#ready().int(bound);
  }

  pick<T>(elements: readonly T[]): T {
    return this.#ready().pick(elements);
  }

  #ready(): Prng {
    this.#prng ??= new Prng(seedOf(this.#seed, this.#index));
    return this.#prng;
  }
}

/** 31 and 21 bits of hash make an integer that a number holds exactly. */
function seedOf(seed: SeedWords, index: number): number {
  const low = index % UINT32_RANGE;
  const high = Math.floor(index / UINT32_RANGE);
  const first = murmurHash(murmurHash(seed.low ^ low) ^ seed.high ^ high);
  const second = murmurHash(murmurHash(seed.high ^ low) ^ seed.low ^ high);
  return first * 0x200000 + (second & 0x1fffff);
}

interface SeedWords {
  readonly low: number;
  readonly high: number;
}

function wordsOf(seed: number): SeedWords {
  const words = new Uint32Array(new Float64Array([seed]).buffer);
  return { low: words[0]!, high: words[1]! };
}
