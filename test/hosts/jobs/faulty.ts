import {
  collectSink,
  IntCounter,
  type Accumulator,
  type JobArgs,
  RichMapFunction,
  StreamExecutionEnvironment,
} from "tamias";

/** Merges by what only its own class can see. */
class Secretive implements Accumulator<number, number> {
  #sum = 0;

  add(value: number): void {
    this.#sum += value;
  }

  getLocalValue(): number {
    return this.#sum;
  }

  resetLocal(): void {
    this.#sum = 0;
  }

  merge(other: Accumulator<number, number>): void {
    this.#sum += (other as Secretive).#sum;
  }

  clone(): Secretive {
    const copy = new Secretive();
    copy.#sum = this.#sum;
    return copy;
  }
}

/** The same, as it is to be done. */
class Travelling extends Secretive {
  override clone(): Travelling {
    const copy = new Travelling();
    copy.merge(this);
    return copy;
  }

  toData(): unknown {
    return this.getLocalValue();
  }

  mergeData(data: unknown): void {
    this.add(data as number);
  }
}

const ACCUMULATORS = { secretive: () => new Secretive(), travelling: () => new Travelling(), counter: () => new IntCounter() } as const;

class Faulty extends RichMapFunction<number, number> {
  readonly #args: JobArgs;
  readonly #sum: Accumulator<number, unknown>;

  constructor(args: JobArgs) {
    super();
    this.#args = args;
    this.#sum = ACCUMULATORS[(args["accumulator"] ?? "counter") as keyof typeof ACCUMULATORS]();
  }

  override open(): void {
    this.getRuntimeContext().addAccumulator("sum", this.#sum);
  }

  override map(n: number): number {
    this.#sum.add(n);
    return n;
  }

  override close(): void {
    if (this.#args["fault"] === "close") throw new Error("it cannot be closed");
  }
}

/** A job with one fault that its arguments name. */
export async function job(env: StreamExecutionEnvironment, args: JobArgs): Promise<void> {
  if (args["fault"] === "never built") await new Promise(() => {});
  if (args["fault"] === "spins while it is built") for (;;);
  if (args["fault"] === "spins while it is deployed") await unlessFirst(String(args["name"]), spin);
  if (args["fault"] === "throws") throw new RangeError("no such region");
  if (args["fault"] === "misuse") env.fromElements();
  if (args["fault"] === "environment of its own") {
    const own = StreamExecutionEnvironment.getExecutionEnvironment();
    own.fromElements(1).print();
    await own.execute();
  }
  env.fromSequence(1, 10).map(new Faulty(args)).name("faulty").sinkTo(collectSink("numbers"));
}

/** Calls back, and says so, unless this thread is the first to ask: the one that leads a job builds it first. */
function unlessFirst(name: string, then: () => void): Promise<void> {
  return new Promise((resolve) => {
    void navigator.locks.request(name, { ifAvailable: true }, (held) => {
      if (held !== null) {
        resolve();
        return new Promise(() => {});
      }
      new BroadcastChannel(name).postMessage("not the first");
      return then();
    });
  });
}

function spin(): never {
  for (;;);
}
