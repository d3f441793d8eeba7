/**
 * The seam below `KernelPanes`: what aggregates numbers by key and span. A kernel knows typed arrays only: keys are integers, spans (windows or slices) are
 * handles that it gave out, and what a row adds to is said beside the row. It knows neither watermarks nor lateness nor the grid of windows. Two kernels agree
 * bit for bit with each other and with `BuiltInAggregates`: one in JavaScript, one in WebAssembly.
 */

/** The arithmetic of a column: f64, or 64-bit integers whose overflow is reported. */
export type KernelType = "f64" | "i64";
export type KernelColumn = Float64Array | BigInt64Array;

/** How a kernel aggregates a column; `avg` is a sum here, and the variances and standard deviations are a spread. The count of records is kept always. */
export const KERNEL_AGGREGATES = ["sum", "min", "max", "spread", "first", "last"] as const;
export type KernelAggregateKind = (typeof KERNEL_AGGREGATES)[number];

export interface KernelAggregate {
  readonly kind: KernelAggregateKind;
  /** Index of its column; a spread's is f64. */
  readonly column: number;
}

export interface KernelSpec {
  readonly columns: readonly KernelType[];
  readonly aggregates: readonly KernelAggregate[];
  /** Number of key groups, by which a firing is ordered. */
  readonly maxParallelism: number;
}

/** Rows that one call takes or gives at most. */
export const KERNEL_ROWS_MAX = 1024;

/** Rows to add. Row `r` adds the values of row `r` to the pane of `keys[r]` in the span `spans[r]`. */
export interface KernelRows {
  readonly keys: Int32Array;
  readonly spans: Int32Array;
  /** Read by `first` and `last` only; never NaN. */
  readonly timestamps: Float64Array;
  readonly values: readonly KernelColumn[];
}

/** Panes that a kernel gives out. */
export interface KernelOutput {
  readonly keys: Int32Array;
  readonly positions: Float64Array;
  /** A column for each word of an accumulator: the count, then those of each aggregate, as in the slots of `BuiltInAggregates`. Every NaN is canonical. */
  readonly words: readonly KernelColumn[];
}

export interface KernelMemory {
  /** Held by panes. */
  readonly usedBytes: number;
  /** Held by the kernel as a whole; a WebAssembly memory never shrinks. */
  readonly heldBytes: number;
}

/** What `read` and `fire` answer where a sum of integers leaves the range of 64 bits. */
export const OVERFLOW = -1;

/**
 * One instance, for one operator subtask. Typed arrays that it exposes are valid until the next call.
 *
 * Invariant: panes get their positions, ascending, in the order of the rows that create them.
 */
export interface Kernel {
  /** Where rows may be written before `add` without being copied; for `KERNEL_ROWS_MAX` rows. */
  readonly input: KernelRows;
  /** Where `read` and `take` answer. */
  readonly output: KernelOutput;
  /** Number of panes in all spans. */
  readonly size: number;
  /** The position that the next new pane gets. */
  readonly nextPosition: number;
  readonly memory: KernelMemory;

  /** A new, empty span. Handles are small integers; those of dropped spans are given out again. */
  open(start: number, end: number): number;
  /** Forgets a span with all its panes. */
  drop(span: number): void;
  /** Number of panes in a span. */
  count(span: number): number;

  /** Whether the keys of `count` rows of the input, from row `from` on, all stand for themselves. */
  areOwnKeys(from: number, count: number): boolean;
  /**
   * Adds the rows that are listed in `selection`, or the first `count` of them. Returns false, and has changed nothing, where a sum of integers would leave the
   * range of 64 bits.
   */
  add(rows: KernelRows, count: number, selection?: Uint32Array): boolean;
  /**
   * Merges the panes of a key in several spans, in their order, into row 0 of `output`: 1, or 0 where there is none, or `OVERFLOW`. The position is the
   * smallest.
   */
  read(spans: readonly number[], key: number): number;
  /** Makes row 0 of `output` the pane of its key in this span. `isChange`: it counts as changed. */
  put(span: number, isChange: boolean): void;
  remove(span: number, key: number): void;

  /**
   * Puts the keys of a window, which is made of these spans by ascending start, into the order in which they fire: by key group, then by the position in the
   * first span that holds the key. Returns how many there are, or `OVERFLOW`. Without `contents`, only keys and positions are of use.
   */
  fire(spans: readonly number[], contents: boolean): number;
  /** Lists the panes of a span that have changed since this was last asked, or all of them; returns how many. */
  list(span: number, which: "all" | "changed"): number;
  /** Writes `count` panes of the last `fire` or `list`, from the index `from` on, to `output`. Valid as long as no pane was added, put or removed since. */
  take(from: number, count: number): void;

  /** Tells the key group of a key slot, whose key is `FIRST_KEY_SLOT + slot`, before it is used, and anew when it is used for another key. */
  nameSlot(slot: number, group: number): void;
  /** Key slots whose last pane has gone since this was last asked. */
  takeFreedSlots(): Int32Array;

  /**
   * Everything that it holds but the names of key slots, in one buffer that any kernel of the same specification restores, handles included; see `kernel-image.ts`.
   * Costs a copy of its memory, into that of an earlier image where one is given and large enough. It says which panes have changed.
   */
  snapshot(memory?: ArrayBuffer): Uint8Array<ArrayBuffer>;
  /** All panes count as not changed, as if their changes had been listed. */
  settle(): void;
  /** Only into an empty kernel whose key slots are named. */
  restore(image: Uint8Array): void;
}

export type MakeKernel = (spec: KernelSpec) => Kernel;

/**
 * Keys in a kernel are 32-bit integers: whole numbers in [−2^30, 2^30) stand for themselves, and what is above for slots, which `KeySlots` assigns to all
 * other keys.
 */
export const DIRECT_KEY_MIN = -0x40000000;
export const FIRST_KEY_SLOT = 0x40000000;

/** Words of an accumulator: each with its type, the count first. */
export function wordTypes({ columns, aggregates }: KernelSpec): KernelType[] {
  const types: KernelType[] = ["f64"];
  for (const { kind, column } of aggregates) {
    types.push(columns[column]!);
    if (kind === "spread" || kind === "first" || kind === "last") types.push("f64");
  }
  return types;
}

/** Whether any aggregate asks for the timestamps of rows. */
export function readsTimes({ aggregates }: KernelSpec): boolean {
  return aggregates.some(({ kind }) => kind === "first" || kind === "last");
}

export function kernelColumn(type: KernelType, length: number): KernelColumn {
  return type === "f64" ? new Float64Array(length) : new BigInt64Array(length);
}

/** Room for rows of a specification. */
export function kernelRows(spec: KernelSpec): KernelRows {
  return {
    keys: new Int32Array(KERNEL_ROWS_MAX),
    spans: new Int32Array(KERNEL_ROWS_MAX),
    timestamps: new Float64Array(KERNEL_ROWS_MAX),
    values: spec.columns.map((type) => kernelColumn(type, KERNEL_ROWS_MAX)),
  };
}

/** Copies rows to the front of others. */
export function copyRows(from: KernelRows, to: KernelRows, count: number, selection: Uint32Array | undefined, withTimes: boolean): void {
  copyColumn(from.keys, to.keys, count, selection);
  copyColumn(from.spans, to.spans, count, selection);
  if (withTimes) copyColumn(from.timestamps, to.timestamps, count, selection);
  for (let column = 0; column < from.values.length; column += 1) copyColumn(from.values[column]!, to.values[column]!, count, selection);
}

type Column = KernelColumn | Int32Array;

function copyColumn(from: Column, to: Column, count: number, selection: Uint32Array | undefined): void {
  if (selection === undefined) {
    // The types of both are the same, which the compiler cannot know of a union.
    (to as Float64Array).set((from as Float64Array).subarray(0, count));
    return;
  }
  for (let row = 0; row < count; row += 1) to[row] = from[selection[row]!]!;
}

/** Moves the panes of these keys to the front, in their order; returns how many they are. */
export function keepOnly({ keys, positions, words }: KernelOutput, count: number, only: ReadonlySet<number>): number {
  let kept = 0;
  for (let row = 0; row < count; row += 1) {
    if (!only.has(keys[row]!)) continue;
    keys[kept] = keys[row]!;
    positions[kept] = positions[row]!;
    for (const column of words) column[kept] = column[row]!;
    kept += 1;
  }
  return kept;
}
