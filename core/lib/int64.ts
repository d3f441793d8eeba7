/** Whether a bigint fits 64 bits, with its sign. */
export function isInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}
