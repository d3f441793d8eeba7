import type { KernelExports, KernelModule } from "../host/kernel-module.ts";
import { assert } from "../lib/assert.ts";
import { type ImageTable, writeImage } from "./kernel-image.ts";
import {
  copyRows,
  type Kernel,
  KERNEL_AGGREGATES,
  KERNEL_ROWS_MAX,
  type KernelColumn,
  type KernelMemory,
  type KernelOutput,
  type KernelRows,
  type KernelSpec,
  type KernelType,
  type MakeKernel,
  readsTimes,
  wordTypes,
} from "./kernel.ts";

/** The kernel in WebAssembly. What it exposes are views of the instance's memory, renewed when that has grown. */
export class WasmKernel implements Kernel {
  input: KernelRows;
  output: KernelOutput;
  readonly #exports: KernelExports;
  readonly #columnTypes: readonly KernelType[];
  readonly #wordTypes: readonly KernelType[];
  readonly #readsTimes: boolean;
  /** Of the list that was written last. */
  #list = new Int32Array(0);

  constructor(exports: KernelExports, spec: KernelSpec) {
    this.#exports = exports;
    this.#columnTypes = spec.columns;
    this.#wordTypes = wordTypes(spec);
    this.#readsTimes = readsTimes(spec);
    const aggregates = spec.aggregates.flatMap(({ kind, column }) => [KERNEL_AGGREGATES.indexOf(kind), column]);
    this.#writeList([...spec.columns.map((type) => (type === "f64" ? 0 : 1)), ...aggregates]);
    exports.create(spec.maxParallelism, spec.columns.length);
    this.input = this.#viewInput();
    this.output = this.#viewOutput();
  }

  get size(): number {
    return this.#exports.size();
  }

  get nextPosition(): number {
    return this.#exports.next_position();
  }

  get memory(): KernelMemory {
    return { usedBytes: this.#exports.used_bytes(), heldBytes: this.#exports.memory.buffer.byteLength };
  }

  open(start: number, end: number): number {
    const span = this.#exports.open(start, end);
    this.#renewViews();
    return span;
  }

  drop(span: number): void {
    this.#exports.drop_span(span);
    this.#renewViews();
  }

  count(span: number): number {
    return this.#exports.count(span);
  }

  areOwnKeys(from: number, count: number): boolean {
    return this.#exports.are_own_keys(from, count) !== 0;
  }

  add(rows: KernelRows, count: number, selection?: Uint32Array): boolean {
    assert(count <= KERNEL_ROWS_MAX, "rows are added in batches of at most KERNEL_ROWS_MAX");
    if (rows !== this.input || selection !== undefined) copyRows(rows, this.input, count, selection, this.#readsTimes);
    const added = this.#exports.add(count) !== 0;
    this.#renewViews();
    return added;
  }

  read(spans: readonly number[], key: number): number {
    this.#writeList(spans);
    const found = this.#exports.read(key);
    this.#renewViews();
    return found;
  }

  put(span: number, isChange: boolean): void {
    this.#exports.put(span, isChange ? 1 : 0);
    this.#renewViews();
  }

  remove(span: number, key: number): void {
    this.#exports.remove(span, key);
    this.#renewViews();
  }

  fire(spans: readonly number[], contents: boolean): number {
    this.#writeList(spans);
    const count = this.#exports.fire(contents ? 1 : 0);
    this.#renewViews();
    return count;
  }

  list(span: number, which: "all" | "changed"): number {
    const count = this.#exports.list(span, which === "changed" ? 1 : 0);
    this.#renewViews();
    return count;
  }

  take(from: number, count: number): void {
    this.#exports.take(from, count);
  }

  nameSlot(slot: number, group: number): void {
    this.#exports.name_slot(slot, group);
    this.#renewViews();
  }

  takeFreedSlots(): Int32Array {
    const count = this.#exports.take_freed_slots();
    this.#renewViews();
    return new Int32Array(this.#buffer, this.#exports.freed_at(), count).slice();
  }

  snapshot(memory?: ArrayBuffer): Uint8Array<ArrayBuffer> {
    const tables: ImageTable[] = [];
    const stride = 1 + this.#wordTypes.length;
    for (let handle = 0; handle < this.#exports.handles(); handle += 1) {
      if (this.#exports.is_open(handle) === 0) continue;
      const count = this.#exports.count(handle);
      const keys = new Uint8Array(this.#buffer, this.#exports.span_keys(handle), count * 4);
      const words = new Uint8Array(this.#buffer, this.#exports.span_words(handle), count * stride * 8);
      tables.push({ start: this.#exports.span_start(handle), end: this.#exports.span_end(handle), handle, keys, words });
    }
    return writeImage(stride, this.nextPosition, tables, memory);
  }

  settle(): void {
    this.#exports.settle();
  }

  restore(image: Uint8Array): void {
    const at = this.#exports.image_at(image.length);
    new Uint8Array(this.#buffer, at, image.length).set(image);
    this.#exports.restore();
    this.#renewViews();
  }

  get #buffer(): ArrayBuffer {
    return this.#exports.memory.buffer;
  }

  #writeList(numbers: readonly number[]): void {
    const at = this.#exports.list_at(numbers.length);
    // Views cost more than what is written; most lists are of one number. That of a memory that has grown has no length any more.
    if (this.#list.length < numbers.length || this.#list.byteOffset !== at) this.#list = new Int32Array(this.#buffer, at, numbers.length);
    for (let index = 0; index < numbers.length; index += 1) this.#list[index] = numbers[index]!;
  }

  /** Views of a memory that has grown have no length any more; asking one is cheaper than asking the memory. */
  #renewViews(): void {
    if (this.output.keys.length !== 0) return;
    this.input = this.#viewInput();
    this.output = this.#viewOutput();
  }

  #viewInput(): KernelRows {
    return {
      keys: new Int32Array(this.#buffer, this.#exports.input_keys(), KERNEL_ROWS_MAX),
      spans: new Int32Array(this.#buffer, this.#exports.input_spans(), KERNEL_ROWS_MAX),
      timestamps: new Float64Array(this.#buffer, this.#exports.input_timestamps(), KERNEL_ROWS_MAX),
      values: this.#columnTypes.map((type, column) => this.#viewColumn(type, this.#exports.input_values(column))),
    };
  }

  #viewOutput(): KernelOutput {
    return {
      keys: new Int32Array(this.#buffer, this.#exports.output_keys(), KERNEL_ROWS_MAX),
      positions: new Float64Array(this.#buffer, this.#exports.output_positions(), KERNEL_ROWS_MAX),
      words: this.#wordTypes.map((type, word) => this.#viewColumn(type, this.#exports.output_words(word))),
    };
  }

  #viewColumn(type: KernelType, at: number): KernelColumn {
    return type === "f64" ? new Float64Array(this.#buffer, at, KERNEL_ROWS_MAX) : new BigInt64Array(this.#buffer, at, KERNEL_ROWS_MAX);
  }
}

/** Kernels of a compiled module, each an instance of its own. */
export function wasmKernels(module: KernelModule): MakeKernel {
  return (spec) => new WasmKernel(module.instantiate(), spec);
}
