import type { Row } from "./rows.ts";

// What steps do that look at one row at a time, told by the note.

export function mapRow(row: Row): Row {
  return { ...row, note: `${row.note}m` };
}

export function passes({ value }: Row): boolean {
  return value % 7 !== 6;
}

export function* copiesOf(row: Row): Generator<Row> {
  if (row.value % 11 === 10) return;
  for (let copy = 0; copy <= row.value % 3; copy += 1) yield { ...row, note: `${row.note}i${copy}` };
}

export function rowAndCopy(row: Row): readonly Row[] {
  return row.value % 4 === 0 ? [row, { ...row, note: `${row.note}c` }] : [row];
}
