import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hash128, javaBytesHash, javaDoubleHash, javaLongHash, javaStringHash, murmurHash } from "../../core/lib/hash.ts";

const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);

describe("hash128", () => {
  test("gives 32 digits, and different ones for different bytes", () => {
    expect(hash128(text(""))).toBe("00000000000000000000000000000000");
    const digits = ["a", "b", "ab", "a\u0000", "a".repeat(16), "a".repeat(17)].map((characters) => hash128(text(characters)));
    expect(digits.every((shown) => /^[0-9a-f]{32}$/.test(shown))).toBe(true);
    expect(new Set(digits).size).toBe(digits.length);
  });

  // SMHasher checks an implementation by one number over keys of every length from 0 to 255 with seeds 256 to 1.
  test("gives SMHasher's verification value 0xB3ECE62A", () => {
    const all = new Uint8Array(256 * 16);
    const key = Uint8Array.from({ length: 256 }, (_, index) => index);
    for (let length = 0; length < 256; length += 1) {
      all.set(littleEndian(hash128(key.subarray(0, length), 256 - length)), length * 16);
    }
    expect([...littleEndian(hash128(all)).subarray(0, 4)]).toEqual([0x2a, 0xe6, 0xec, 0xb3]);
  });

  test("does not depend on where the bytes lie", () => {
    const bytes = Uint8Array.from({ length: 100 }, (_, index) => index);
    expect(hash128(bytes.subarray(3, 50))).toBe(hash128(bytes.slice(3, 50)));
  });
});

/** SMHasher writes each 32-bit lane as memory holds it; the digits here are read from the highest. */
function littleEndian(digits: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  for (let lane = 0; lane < 4; lane += 1) {
    view.setUint32(4 * lane, Number.parseInt(digits.slice(8 * lane, 8 * lane + 8), 16), true);
  }
  return bytes;
}

describe("hashes of Java", () => {
  test("a long hashes alike as number and as bigint", () => {
    const check = (value: number): void => {
      expect(javaLongHash(value)).toBe(javaLongHash(BigInt(value)));
    };
    fc.assert(fc.property(fc.maxSafeInteger(), check));
    const edges = [0, -1, 2 ** 31, -(2 ** 31), 2 ** 32, -(2 ** 32), Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];
    edges.forEach(check);
    expect(() => javaLongHash(2 ** 53)).toThrow("safe integer");
  });

  test("known values", () => {
    expect(javaStringHash("The quick brown fox")).toBe(-1739336029);
    expect(javaDoubleHash(Number.NaN)).toBe(2146959360);
    // Arrays.hashCode(new byte[] {1, -1, 127, -128}) = (((31 + 1) * 31 - 1) * 31 + 127) * 31 - 128
    expect(javaBytesHash(Uint8Array.of(1, 255, 127, 128))).toBe((((31 + 1) * 31 - 1) * 31 + 127) * 31 - 128);
    expect(javaBytesHash(new Uint8Array(0))).toBe(1);
  });

  test("murmurHash is never negative", () => {
    fc.assert(
      fc.property(fc.integer(), (code) => {
        const hash = murmurHash(code);
        expect(0 <= hash && hash <= 0x7fffffff && Number.isInteger(hash)).toBe(true);
      }),
    );
  });
});
