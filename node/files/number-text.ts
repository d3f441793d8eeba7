const ZERO = 0x30;
const NINE = 0x39;
const MINUS = 0x2d;
const POINT = 0x2e;
const E_LARGE = 0x45;
const E_SMALL = 0x65;
/** As many digits make an integer that a double holds exactly. */
const EXACT_DIGITS = 15;
/** Powers of ten that a double holds exactly. Such an integer divided by one of them is rounded once, so it is the nearest double. */
const POWERS = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15] as const;

const decoder = /* @__PURE__ */ new TextDecoder();

/**
 * The number written in [start, end), NaN where that is none: the syntax is that of JSON, so `007`, `+1`, `.5` and `1_000` are not
 * numbers but texts. The value is the double that JSON.parse gives, bit for bit.
 */
export function numberIn(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  const isNegative = bytes[at] === MINUS;
  if (isNegative) at += 1;
  const first = at;
  let value = 0;
  for (; at < end; at += 1) {
    const digit = bytes[at]! - ZERO;
    if (!(0 <= digit && digit <= 9)) break;
    value = value * 10 + digit;
  }
  const digits = at - first;
  if (digits === 0 || (1 < digits && bytes[first] === ZERO)) return NaN;
  if (at === end) {
    if (EXACT_DIGITS < digits) return Number(textIn(bytes, start, end));
    return isNegative ? -value : value;
  }
  if (bytes[at] !== POINT) return withExponent(bytes, start, end, at);
  const point = at;
  for (at += 1; at < end; at += 1) {
    const digit = bytes[at]! - ZERO;
    if (!(0 <= digit && digit <= 9)) break;
    value = value * 10 + digit;
  }
  const decimals = at - point - 1;
  if (decimals === 0) return NaN;
  if (at < end) return withExponent(bytes, start, end, at);
  if (EXACT_DIGITS < digits + decimals) return Number(textIn(bytes, start, end));
  value /= POWERS[decimals]!;
  return isNegative ? -value : value;
}

/** What is not a digit any more, at `at`, must be an exponent that reaches to the end. */
function withExponent(bytes: Uint8Array, start: number, end: number, at: number): number {
  if (bytes[at] !== E_SMALL && bytes[at] !== E_LARGE) return NaN;
  let digit = at + 1;
  if (bytes[digit] === MINUS || bytes[digit] === 0x2b) digit += 1;
  if (end <= digit) return NaN;
  for (; digit < end; digit += 1) if (!(ZERO <= bytes[digit]! && bytes[digit]! <= NINE)) return NaN;
  return Number(textIn(bytes, start, end));
}

function textIn(bytes: Uint8Array, start: number, end: number): string {
  return decoder.decode(bytes.subarray(start, end));
}
