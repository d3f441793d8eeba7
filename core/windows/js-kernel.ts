import { assert } from "../lib/assert.ts";
import { murmurHash } from "../lib/hash.ts";
import { addSlice, copyPane, initialize, mergePanes, noteOrder } from "./js-kernel-merge.ts";
import {
  addInts,
  areOwnNumbers,
  changed,
  COUNT,
  countAndSumRun,
  countRun,
  FLOAT_PASSES,
  INT_PASSES,
  type Pass,
  placed,
  type PlacedAggregate,
  POSITION,
  positionOf,
  settle,
  subtractInts,
  unchanged,
} from "./js-kernel-passes.ts";
import { rowsByPosition } from "./js-kernel-order.ts";
import { KernelTable } from "./js-kernel-table.ts";
import {
  copyRows,
  FIRST_KEY_SLOT,
  type Kernel,
  KERNEL_ROWS_MAX,
  type KernelMemory,
  type KernelOutput,
  type KernelRows,
  kernelColumn,
  kernelRows,
  type KernelSpec,
  type KernelType,
  OVERFLOW,
  wordTypes,
} from "./kernel.ts";
import { IMAGE_HEADER_BYTES, IMAGE_SPAN_BYTES, type ImageTable, keyBytes, readHeader, readSpan, writeImage } from "./kernel-image.ts";

/** A key slot whose freedom has been told. */
const TOLD = -1;
/** Below this many panes, comparing them costs less than counting those of every key group. */
const COUNTED_PANES_MIN = 64;

/** The kernel in JavaScript: tables of typed arrays. */
export class JsKernel implements Kernel {
  readonly input: KernelRows;
  readonly output: KernelOutput;
  readonly #spec: KernelSpec;
  readonly #wordTypes: readonly KernelType[];
  readonly #stride: number;
  readonly #hasInts: boolean;
  readonly #aggregates: readonly PlacedAggregate[];
  readonly #intSums: readonly PlacedAggregate[];
  /** A sum of numbers that is computed while the panes are looked up. */
  readonly #fusedSum: PlacedAggregate | undefined;
  readonly #otherAggregates: readonly PlacedAggregate[];
  /** By handle. */
  readonly #tables: (KernelTable | undefined)[] = [];
  readonly #freeHandles: number[] = [];
  #size = 0;
  #nextPosition = 0;
  /** The next span mostly gets as many panes as the one before. */
  #lastOpened: KernelTable | undefined;
  #lastCount = 0;
  #spare: KernelTable | undefined;
  readonly #targets = new Int32Array(KERNEL_ROWS_MAX);
  readonly #counts = new Float64Array(KERNEL_ROWS_MAX);
  /** What the last `fire` or `list` lists, and in which order. */
  #listed: KernelTable;
  #order: Int32Array = new Int32Array(0);
  /** For one slice at a time: where each of its panes belongs in the sum of a window. */
  #sliceTargets: Int32Array = new Int32Array(0);
  readonly #carry: KernelTable;
  /** The words of a pane without records. */
  readonly #blank: KernelTable;
  #hasSlots = false;
  #groups = new Uint16Array(16);
  /** Panes by key slot. */
  #references = new Int32Array(16);
  #maybeFree: number[] = [];

  constructor(spec: KernelSpec) {
    this.#spec = spec;
    this.#wordTypes = wordTypes(spec);
    this.#stride = 1 + this.#wordTypes.length;
    this.#hasInts = this.#wordTypes.includes("i64");
    this.#aggregates = placed(spec);
    this.#intSums = this.#aggregates.filter(({ kind, type }) => kind === "sum" && type === "i64");
    // Sums of integers may fail, before which nothing else may be added up.
    const isFused = this.#intSums.length === 0 && !this.#aggregates.some(({ kind }) => kind === "spread");
    this.#fusedSum = isFused ? this.#aggregates.find(({ kind }) => kind === "sum") : undefined;
    this.#otherAggregates = this.#aggregates.filter((aggregate) => aggregate !== this.#fusedSum && !this.#intSums.includes(aggregate));
    this.input = kernelRows(spec);
    this.output = {
      keys: new Int32Array(KERNEL_ROWS_MAX),
      positions: new Float64Array(KERNEL_ROWS_MAX),
      words: this.#wordTypes.map((type) => kernelColumn(type, KERNEL_ROWS_MAX)),
    };
    this.#listed = this.#newTable(0, 0, 1);
    this.#carry = this.#newTable(0, 0, 1);
    this.#blank = this.#newTable(0, 0, 1);
    initialize(this.#blank, 0, this.#aggregates);
  }

  get size(): number {
    return this.#size;
  }

  get nextPosition(): number {
    return this.#nextPosition;
  }

  get memory(): KernelMemory {
    let bytes = 0;
    for (const table of this.#tables) bytes += table === undefined ? 0 : table.bytes;
    return { usedBytes: bytes, heldBytes: bytes + (this.#spare?.bytes ?? 0) };
  }

  open(start: number, end: number): number {
    const table = this.#emptyTable(start, end);
    this.#lastOpened = table;
    const handle = this.#freeHandles.pop() ?? this.#tables.length;
    this.#tables[handle] = table;
    return handle;
  }

  drop(span: number): void {
    const table = this.#tableOf(span);
    if (this.#hasSlots) for (let row = 0; row < table.count; row += 1) this.#release(table.keys[row]!);
    this.#size -= table.count;
    this.#tables[span] = undefined;
    this.#freeHandles.push(span);
    if (this.#lastOpened === table) {
      this.#lastOpened = undefined;
      this.#lastCount = table.count;
    }
    this.#spare = table;
  }

  count(span: number): number {
    return this.#tableOf(span).count;
  }

  areOwnKeys(from: number, count: number): boolean {
    return areOwnNumbers(this.input.keys.subarray(from, from + count));
  }

  add(rows: KernelRows, count: number, selection?: Uint32Array): boolean {
    assert(count <= KERNEL_ROWS_MAX, "rows are added in batches of at most KERNEL_ROWS_MAX");
    let source = rows;
    if (selection !== undefined) copyRows(rows, (source = this.input), count, selection, true);
    const pass = { tables: this.#tables, spans: source.spans, timestamps: source.timestamps, targets: this.#targets, counts: this.#counts, count };
    this.#resolve(pass, source);
    if (0 < this.#intSums.length && !this.#addIntSums(pass, source)) return false;
    for (const { kind, type, word, column } of this.#otherAggregates) {
      const values = source.values[column]!;
      if (type === "f64") FLOAT_PASSES[kind](pass, word, values as Float64Array);
      else INT_PASSES[kind as "min"](pass, word, values as BigInt64Array);
    }
    return true;
  }

  read(spans: readonly number[], key: number): number {
    const carry = this.#carry;
    let position = Infinity;
    for (const span of spans) {
      const table = this.#tableOf(span);
      const row = table.find(key);
      if (row < 0) continue;
      const at = row * this.#stride;
      if (position === Infinity) copyPane(table, at, carry, 0);
      else if (!mergePanes(carry, 0, table, at, this.#aggregates)) return OVERFLOW;
      position = Math.min(position, positionOf(table.words[at + POSITION]!));
    }
    if (position === Infinity) return 0;
    carry.keys[0] = key;
    carry.words[POSITION] = changed(position);
    this.#write(carry, FIRST_ROW, 0, 1);
    return 1;
  }

  put(span: number, isChange: boolean): void {
    const table = this.#tableOf(span);
    const { keys, positions, words: columns } = this.output;
    const key = keys[0]!;
    const position = positions[0]!;
    let row = table.find(key);
    if (row < 0) {
      row = this.#insert(table, key);
      noteOrder(table, position);
    } else if (positionOf(table.words[row * this.#stride + POSITION]!) !== position) table.isInOrder = false;
    const at = row * this.#stride;
    table.words[at + POSITION] = isChange ? changed(position) : unchanged(position);
    for (let word = 0; word < columns.length; word += 1) {
      const column = columns[word]!;
      if (column instanceof Float64Array) table.words[at + COUNT + word] = column[0]!;
      else table.ints[at + COUNT + word] = column[0]!;
    }
    this.#nextPosition = Math.max(this.#nextPosition, position + 1);
  }

  remove(span: number, key: number): void {
    const table = this.#tableOf(span);
    const row = table.find(key);
    if (row < 0) return;
    table.remove(row);
    this.#size -= 1;
    this.#release(key);
  }

  fire(spans: readonly number[], contents: boolean): number {
    if (spans.length === 1) this.#listed = this.#tableOf(spans[0]!);
    else {
      const sum = this.#sumOf(spans, contents);
      if (sum === undefined) return OVERFLOW;
      this.#listed = sum;
    }
    this.#order = this.#firingOrder(this.#listed);
    return this.#order.length;
  }

  list(span: number, which: "all" | "changed"): number {
    const table = this.#tableOf(span);
    const order = new Int32Array(table.count);
    let count = 0;
    for (let row = 0; row < table.count; row += 1) {
      if (which === "changed") {
        const at = row * this.#stride + POSITION;
        if (table.words[at]! < 0) continue;
        table.words[at] = -table.words[at]!;
      }
      order[count] = row;
      count += 1;
    }
    this.#listed = table;
    this.#order = order.subarray(0, count);
    return count;
  }

  take(from: number, count: number): void {
    this.#write(this.#listed, this.#order, from, count);
  }

  nameSlot(slot: number, group: number): void {
    if (this.#groups.length <= slot) {
      const groups = new Uint16Array(2 * this.#groups.length);
      groups.set(this.#groups);
      this.#groups = groups;
      const references = new Int32Array(2 * this.#references.length);
      references.set(this.#references);
      this.#references = references;
      return this.nameSlot(slot, group);
    }
    this.#hasSlots = true;
    this.#groups[slot] = group;
    this.#references[slot] = 0;
  }

  takeFreedSlots(): Int32Array {
    const freed: number[] = [];
    for (const slot of this.#maybeFree) {
      if (this.#references[slot] !== 0) continue;
      this.#references[slot] = TOLD;
      freed.push(slot);
    }
    this.#maybeFree = [];
    return Int32Array.from(freed);
  }

  snapshot(memory?: ArrayBuffer): Uint8Array<ArrayBuffer> {
    const tables: ImageTable[] = [];
    for (const [handle, table] of this.#tables.entries()) {
      if (table === undefined) continue;
      const { start, end, count } = table;
      const keys = new Uint8Array(table.keys.buffer, 0, count * 4);
      tables.push({ start, end, handle, keys, words: new Uint8Array(table.words.buffer, 0, count * this.#stride * 8) });
    }
    return writeImage(this.#stride, this.#nextPosition, tables, memory);
  }

  settle(): void {
    for (const table of this.#tables) if (table !== undefined) settle(table.words, table.count * table.stride, table.stride);
  }

  restore(image: Uint8Array): void {
    assert(this.#tables.length === 0, "a kernel is restored while it is empty");
    const view = new DataView(image.buffer, image.byteOffset, image.byteLength);
    const { stride, nextPosition, spanCount } = readHeader(view);
    assert(stride === this.#stride, "a kernel restores what one of the same specification holds");
    let at = IMAGE_HEADER_BYTES;
    for (let index = 0; index < spanCount; index += 1) {
      const { start, end, handle, count } = readSpan(view, at);
      at += IMAGE_SPAN_BYTES;
      const table = this.#newTable(start, end, capacityFor(count));
      for (let row = 0; row < count; row += 1) this.#insert(table, view.getInt32(at + 4 * row, true));
      at += keyBytes(count);
      new Uint8Array(table.words.buffer).set(image.subarray(at, at + count * stride * 8));
      for (let row = 1; row < count; row += 1) {
        if (positionOf(table.words[row * stride]!) < positionOf(table.words[(row - 1) * stride]!)) table.isInOrder = false;
      }
      at += count * stride * 8;
      while (this.#tables.length <= handle) this.#tables.push(undefined);
      this.#tables[handle] = table;
    }
    for (const [handle, table] of this.#tables.entries()) if (table === undefined) this.#freeHandles.push(handle);
    this.#nextPosition = nextPosition;
  }

  /** The table that was dropped last is used again where it has the right size: what comes new from the collector is slow to begin with. */
  #emptyTable(start: number, end: number): KernelTable {
    const last = this.#lastOpened;
    const capacity = capacityFor(last?.count ?? this.#lastCount);
    const spare = this.#spare;
    if (spare === undefined || spare.keys.length !== capacity) return this.#newTable(start, end, capacity, last ?? spare);
    this.#spare = undefined;
    spare.reuse(start, end);
    return spare;
  }

  #newTable(start: number, end: number, capacity: number, like?: KernelTable): KernelTable {
    return new KernelTable(start, end, this.#stride, this.#hasInts, capacity, like);
  }

  #tableOf(span: number): KernelTable {
    const table = this.#tables[span];
    assert(table !== undefined, "a span is used between open and drop");
    return table;
  }

  /** Finds or creates the pane of each row, counts the row in it and marks it as changed; adds up a column of numbers in the same pass where there is one. */
  #resolve(pass: Pass, { keys, values }: KernelRows): void {
    const { spans, targets, count } = pass;
    const sum = this.#fusedSum;
    for (let first = 0, end = 0; first < count; first = end) {
      const span = spans[first]!;
      const table = this.#tableOf(span);
      for (;;) {
        end = table.locate(keys, spans, span, end, count, targets);
        if (end === count || spans[end] !== span) break;
        targets[end] = this.#create(table, keys[end]!) * this.#stride;
        end += 1;
      }
      if (sum === undefined) countRun(pass, table.words, first, end);
      else countAndSumRun(pass, table.words, first, end, sum.word, values[sum.column] as Float64Array);
    }
  }

  #create(table: KernelTable, key: number): number {
    const row = this.#insert(table, key);
    const at = row * this.#stride;
    copyPane(this.#blank, 0, table, at);
    table.words[at + POSITION] = changed(this.#nextPosition);
    this.#nextPosition += 1;
    return row;
  }

  #insert(table: KernelTable, key: number): number {
    this.#size += 1;
    if (FIRST_KEY_SLOT <= key) this.#references[key - FIRST_KEY_SLOT]! += 1;
    return table.insert(key);
  }

  #release(key: number): void {
    if (key < FIRST_KEY_SLOT) return;
    const slot = key - FIRST_KEY_SLOT;
    this.#references[slot]! -= 1;
    if (this.#references[slot] === 0) this.#maybeFree.push(slot);
  }

  /** The only ones that can fail come first, so that they alone need undoing. */
  #addIntSums(pass: Pass, rows: KernelRows): boolean {
    for (const [index, { word, column }] of this.#intSums.entries()) {
      const added = addInts(pass, word, rows.values[column] as BigInt64Array);
      if (added === pass.count) continue;
      subtractInts(pass, word, rows.values[column] as BigInt64Array, added);
      for (const before of this.#intSums.slice(0, index)) subtractInts(pass, before.word, rows.values[before.column] as BigInt64Array, pass.count);
      this.#uncount(pass, rows.keys);
      return false;
    }
    return true;
  }

  /** Takes back what `#resolve` has done, but for marks of changes, which do no harm. */
  #uncount({ spans, targets, count }: Pass, keys: Int32Array): void {
    for (let row = count - 1; 0 <= row; row -= 1) {
      const { words } = this.#tableOf(spans[row]!);
      const counted = targets[row]! + COUNT;
      words[counted] = words[counted]! - 1;
      // The last row first: so a pane that was created then lies last in its table.
      if (words[counted] !== 0) continue;
      this.remove(spans[row]!, keys[row]!);
      this.#nextPosition -= 1;
    }
  }

  /** The panes of a window, each merged from its slices, with the position in the earliest one. */
  #sumOf(spans: readonly number[], contents: boolean): KernelTable | undefined {
    let largest = this.#carry;
    for (const span of spans) if (largest.count < this.#tableOf(span).count) largest = this.#tableOf(span);
    const sum = this.#newTable(0, 0, capacityFor(largest.count), largest);
    if (this.#sliceTargets.length < largest.count) this.#sliceTargets = new Int32Array(capacityFor(largest.count));
    for (const span of spans) if (!addSlice(sum, this.#tableOf(span), this.#aggregates, this.#sliceTargets, contents)) return undefined;
    return sum;
  }

  #groupOf(key: number): number {
    if (FIRST_KEY_SLOT <= key) return this.#groups[key - FIRST_KEY_SLOT]!;
    // The hash of Java's Long, which is what the key group of a number goes by.
    return murmurHash(key < 0 ? ~key : key) % this.#spec.maxParallelism;
  }

  /** Panes mostly lie by position, so counting them by key group is enough; those of a sum of slices are sorted before. */
  #firingOrder({ count, keys, words, isInOrder }: KernelTable): Int32Array {
    const groups = new Uint16Array(count);
    for (let row = 0; row < count; row += 1) groups[row] = this.#groupOf(keys[row]!);
    const order = new Int32Array(count);
    if (count < COUNTED_PANES_MIN) {
      const stride = this.#stride;
      for (let row = 0; row < count; row += 1) order[row] = row;
      return order.sort((a, b) => groups[a]! - groups[b]! || positionOf(words[a * stride]!) - positionOf(words[b * stride]!));
    }
    const rows = isInOrder ? undefined : rowsByPosition(words, this.#stride, count);
    const next = new Uint32Array(this.#spec.maxParallelism + 1);
    for (let row = 0; row < count; row += 1) next[groups[row]! + 1]! += 1;
    for (let group = 1; group < next.length; group += 1) next[group]! += next[group - 1]!;
    for (let index = 0; index < count; index += 1) {
      const row = rows === undefined ? index : rows[index]!;
      const group = groups[row]!;
      order[next[group]!] = row;
      next[group]! += 1;
    }
    return order;
  }

  /** Writes `count` rows of the order, from the index `from` on, column by column. */
  #write(table: KernelTable, order: Int32Array, from: number, count: number): void {
    const { keys, positions, words: columns } = this.output;
    for (let index = 0; index < count; index += 1) {
      const row = order[from + index]!;
      keys[index] = table.keys[row]!;
      positions[index] = positionOf(table.words[row * this.#stride]!);
    }
    for (let word = 0; word < columns.length; word += 1) {
      const column = columns[word]!;
      if (column instanceof Float64Array) writeFloats(column, table.words, COUNT + word, this.#stride, order, from, count);
      else for (let index = 0; index < count; index += 1) column[index] = table.ints[order[from + index]! * this.#stride + COUNT + word]!;
    }
  }
}

const FIRST_ROW = /* @__PURE__ */ new Int32Array(1);

function writeFloats(column: Float64Array, words: Float64Array, word: number, stride: number, order: Int32Array, from: number, count: number): void {
  for (let index = 0; index < count; index += 1) {
    const value = words[order[from + index]! * stride + word]!;
    column[index] = value === value ? value : NaN;
  }
}

/** Room for so many panes: a power of two, as tables need it. */
function capacityFor(count: number): number {
  return count <= 1 ? 1 : 2 ** (32 - Math.clz32(count - 1));
}
