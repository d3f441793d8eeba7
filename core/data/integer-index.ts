/** Two places of the array for each cell: an integer, and its number. */
const CELL = 2;
const CELLS_MIN = 8;
/** With so many integers, those of a like index probably follow. */
const LIKE_FROM = 1_024;
const NO_CELLS = /* @__PURE__ */ new Int32Array(CELL);

/**
 * A number above 0 for each of some integers of 32 bits: cells in one array, at most half of them taken. A look-up reads one cell, mostly, where a Map follows three
 * references.
 */
export class IntegerIndex {
  /** Invariant: between the cell that an integer hashes to and its own, all are taken. A number of 0 is a free cell. */
  #cells: Int32Array = NO_CELLS;
  readonly #sizeOfLike: number;
  size = 0;

  /** @param sizeOfLike how many integers another one has, which this one is probably like; room for as many is made once there are many */
  constructor(sizeOfLike: number) {
    this.#sizeOfLike = sizeOfLike;
  }

  /** 0 where there is none. */
  get(integer: number): number {
    return this.#cells[this.#find(integer) + 1]!;
  }

  set(integer: number, number: number): void {
    const at = this.#find(integer);
    if (this.#cells[at + 1] !== 0) this.#cells[at + 1] = number;
    else this.#add(at, integer, number);
  }

  delete(integer: number): void {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let free = this.#find(integer);
    if (cells[free + 1] === 0) return;
    this.size -= 1;
    // What stands behind it moves up where it would no longer be found.
    for (let at = (free + CELL) & mask; cells[at + 1] !== 0; at = (at + CELL) & mask) {
      const away = (at - cellOf(cells[at]!)) & mask;
      if (away < ((at - free) & mask)) continue;
      cells[free] = cells[at]!;
      cells[free + 1] = cells[at + 1]!;
      free = at;
    }
    cells[free + 1] = 0;
  }

  /** In no particular order. */
  forEach(visit: (integer: number, number: number) => void): void {
    const cells = this.#cells;
    for (let at = 0; at < cells.length; at += CELL) if (cells[at + 1] !== 0) visit(cells[at]!, cells[at + 1]!);
  }

  #add(at: number, integer: number, number: number): void {
    const isFull = this.#cells.length < 2 * CELL * (this.size + 1);
    if (isFull) this.#grow();
    const free = isFull ? this.#find(integer) : at;
    this.#cells[free] = integer;
    this.#cells[free + 1] = number;
    this.size += 1;
  }

  #grow(): void {
    const old = this.#cells;
    const wanted = LIKE_FROM <= this.size ? Math.max(this.size + 1, this.#sizeOfLike) : this.size + 1;
    let count = CELLS_MIN;
    while (count < 2 * wanted) count *= 2;
    this.#cells = new Int32Array(CELL * count);
    for (let at = 0; at < old.length; at += CELL) {
      if (old[at + 1] === 0) continue;
      const free = this.#find(old[at]!);
      this.#cells[free] = old[at]!;
      this.#cells[free + 1] = old[at + 1]!;
    }
  }

  /** The cell of an integer, or the free one that it would get. */
  #find(integer: number): number {
    const cells = this.#cells;
    const mask = cells.length - 1;
    let at = cellOf(integer) & mask;
    while (cells[at + 1] !== 0 && cells[at] !== integer) at = (at + CELL) & mask;
    return at;
  }
}

/** Where its cell is, in an array without end. Integers with many zeros at their end spread as others do. */
function cellOf(integer: number): number {
  const bits = Math.imul(integer, 0x9e3779b1);
  return (bits ^ (bits >>> 15)) << 1;
}
