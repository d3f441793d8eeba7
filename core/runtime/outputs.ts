import { copied } from "../data/copied.ts";
import type { ColumnBatch } from "../data/column-batch.ts";
import { withOwnObjects } from "../data/own-objects.ts";
import { assert } from "../lib/assert.ts";
import { columnsInto } from "../operators/columns-output.ts";
import type { Output, SubmitterLines } from "../operators/operator.ts";

/** Where an operator emits when nobody reads it. */
export const NO_OUTPUT: Output<unknown> = {
  processRecord: () => {},
  processWatermark: () => {},
  processIdleness: () => {},
  processColumns: () => true,
  processRecords: () => true,
};

/** Emits to several consumers; watermarks and idleness go to the readers of side outputs too. */
export class Tee implements Output<unknown> {
  readonly #main: readonly Output<unknown>[];
  readonly #all: readonly Output<unknown>[];
  readonly #columns: readonly ((batch: ColumnBatch) => boolean)[];
  readonly #side: readonly Output<unknown>[];

  constructor(main: readonly Output<unknown>[], side: readonly Output<unknown>[]) {
    this.#main = main;
    this.#all = [...main, ...side];
    this.#side = side;
    this.#columns = main.map(columnsInto);
  }

  processRecord(record: unknown, timestamp: number): void {
    const last = this.#main.length - 1;
    // Each gets a record of its own: the functions behind it may change theirs.
    for (let index = 0; index < last; index += 1) this.#main[index]!.processRecord(copied(record), timestamp);
    this.#main[last]?.processRecord(record, timestamp);
  }

  processWatermark(watermark: number): void {
    for (const output of this.#all) output.processWatermark(watermark);
  }

  /** A batch never changes, so all may have it, but for objects in it, which their readers may change. Readers of side outputs get what lies between its records. */
  processColumns(batch: ColumnBatch): boolean {
    const last = this.#columns.length - 1;
    let isFree = true;
    for (let index = 0; index < last; index += 1) isFree = this.#columns[index]!(withOwnObjects(batch)) && isFree;
    if (0 <= last) isFree = this.#columns[last]!(batch) && isFree;
    for (const watermark of batch.watermarks.watermarks) for (const output of this.#side) output.processWatermark(watermark);
    return isFree;
  }

  processIdleness(idle: boolean): void {
    for (const output of this.#all) output.processIdleness(idle);
  }
}

/** The output of one operator: its main consumers, and those of each side output by tag id. */
export interface OperatorOutputs {
  readonly main: Output<unknown>;
  readonly side: ReadonlyMap<string, Output<unknown>>;
}

/** Puts consumers together with as few hops as possible: a single reader of the main output is called directly. */
export function joinOutputs(consumers: readonly { readonly sideOutput: string | undefined; readonly output: Output<unknown> }[]): OperatorOutputs {
  const main = consumers.filter((consumer) => consumer.sideOutput === undefined).map((consumer) => consumer.output);
  const byTag = new Map<string, Output<unknown>[]>();
  for (const { sideOutput, output } of consumers) {
    if (sideOutput === undefined) continue;
    const readers = byTag.get(sideOutput);
    if (readers === undefined) byTag.set(sideOutput, [output]);
    else readers.push(output);
  }
  const side = new Map<string, Output<unknown>>();
  for (const [tag, readers] of byTag) side.set(tag, readers.length === 1 ? readers[0]! : new Tee(readers, []));
  const sideReaders = [...byTag.values()].flat();
  if (sideReaders.length > 0) return { main: new Tee(main, sideReaders), side };
  if (main.length === 0) return { main: NO_OUTPUT, side };
  return { main: main.length === 1 ? main[0]! : new Tee(main, []), side };
}

/** Where nobody has submitted what runs, as in tests of operators and jobs. */
export const NO_SUBMITTER: SubmitterLines = { results: nobody, inbox: nobody };

function nobody(name: string): never {
  assert(false, `there is nobody who could take or push ${name}`);
}
