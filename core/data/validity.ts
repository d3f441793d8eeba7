/** One bit a row, 1 where the row has a value: row `r` is bit `r % 8` of byte `floor(r / 8)`, as in Apache Arrow. */
export type Validity = Uint8Array<ArrayBufferLike>;

export function validityLength(rowCount: number): number {
  return Math.ceil(rowCount / 8);
}

/** Bits for this many rows, all of which have a value. */
export function allValid(rowCount: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(validityLength(rowCount)).fill(0xff);
}

export function isValid(validity: Validity, row: number): boolean {
  return ((validity[row >> 3]! >> (row & 7)) & 1) === 1;
}

export function markValid(validity: Validity, row: number): void {
  validity[row >> 3]! |= 1 << (row & 7);
}

export function markAbsent(validity: Validity, row: number): void {
  validity[row >> 3]! &= ~(1 << (row & 7));
}

/** Whether any of the first rows has no value. */
export function hasAbsent(validity: Validity, rowCount: number): boolean {
  const whole = rowCount >> 3;
  for (let index = 0; index < whole; index += 1) if (validity[index] !== 0xff) return true;
  const rest = (1 << (rowCount & 7)) - 1;
  return rest !== 0 && (validity[whole]! & rest) !== rest;
}
