import { assert } from "./assert.ts";

/**
 * Java and Flink hash in 32-bit integers that wrap; `Math.imul` and `| 0` do the same here. All results are signed unless said
 * otherwise.
 */

const UINT32_RANGE = 4294967296;

/** `MathUtils.murmurHash` of Flink: one int to a non-negative int. Key groups depend on it. */
export function murmurHash(code: number): number {
  let hash = Math.imul(code, 0xcc9e2d51);
  hash = (hash << 15) | (hash >>> 17);
  hash = Math.imul(hash, 0x1b873593);
  hash = (hash << 13) | (hash >>> 19);
  hash = (Math.imul(hash, 5) + 0xe6546b64) | 0;
  hash = finalMix(hash ^ 4);
  // The absolute value without a branch, which half of all keys would mispredict. That of Java's smallest int does not fit an int; Flink takes 0, and so does the mask.
  const sign = hash >> 31;
  return ((hash ^ sign) - sign) & 0x7fffffff;
}

/** The finalizer of MurmurHash3: every bit of the input reaches every bit of the output. */
function finalMix(code: number): number {
  let hash = code ^ (code >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

/** `String.hashCode`: over UTF-16 code units, which strings of both languages are made of. */
export function javaStringHash(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index += 1) hash = (Math.imul(hash, 31) + text.charCodeAt(index)) | 0;
  return hash;
}

/** `Integer.hashCode`, which is that of `Short`, `Byte` and (by its code unit) `Character` too. */
export function javaIntHash(value: number): number {
  return value | 0;
}

/** `Long.hashCode`: the two halves of the 64-bit two's complement, xored. A number must be a safe integer. */
export function javaLongHash(value: number | bigint): number {
  if (typeof value === "bigint") return Number(BigInt.asIntN(32, value ^ (BigInt.asIntN(64, value) >> 32n)));
  if ((value | 0) === value) return value < 0 ? ~value : value;
  assert(Number.isSafeInteger(value), "only a safe integer is hashed as a long");
  // The bit operators take a number modulo 2^32: its low half.
  return value ^ Math.floor(value / UINT32_RANGE);
}

const doubleBits = /* @__PURE__ */ new Float64Array(1);
const doubleHalves = /* @__PURE__ */ new Int32Array(doubleBits.buffer);
const floatBits = /* @__PURE__ */ new Float32Array(1);
const floatWhole = /* @__PURE__ */ new Int32Array(floatBits.buffer);

/** `Double.hashCode`: the two halves of the bits, xored; all NaNs are one, −0 and 0 are two. */
export function javaDoubleHash(value: number): number {
  if (Number.isNaN(value)) return 0x7ff80000;
  doubleBits[0] = value;
  return doubleHalves[0]! ^ doubleHalves[1]!;
}

/** `Float.hashCode`: the bits of the nearest float. */
export function javaFloatHash(value: number): number {
  if (Number.isNaN(value)) return 0x7fc00000;
  floatBits[0] = value;
  return floatWhole[0]!;
}

export function javaBooleanHash(value: boolean): number {
  return value ? 1231 : 1237;
}

/** `Arrays.hashCode(byte[])`: a byte of Java is signed. */
export function javaBytesHash(bytes: Uint8Array): number {
  let hash = 1;
  for (let index = 0; index < bytes.length; index += 1) hash = (Math.imul(hash, 31) + ((bytes[index]! << 24) >> 24)) | 0;
  return hash;
}

const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

/**
 * 128 bits against damage, not against attackers, as 32 hexadecimal digits: MurmurHash3_x86_128 of Austin Appleby (SMHasher,
 * public domain). The 32-bit variant, because JavaScript multiplies 32 bits in one instruction and 64 bits in many.
 */
export function hash128(bytes: Uint8Array, seed = 0): string {
  const lanes = new Int32Array(4).fill(seed);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const blocksEnd = bytes.length & ~15;
  mixBlocks(lanes, view, blocksEnd);
  if (blocksEnd < bytes.length) {
    // The tail is mixed as a block padded with zeros: its missing lanes contribute nothing.
    const tail = new Uint8Array(16);
    tail.set(bytes.subarray(blocksEnd));
    mixTail(lanes, new DataView(tail.buffer));
  }
  for (let lane = 0; lane < 4; lane += 1) lanes[lane]! ^= bytes.length;
  spread(lanes);
  for (let lane = 0; lane < 4; lane += 1) lanes[lane] = finalMix(lanes[lane]!);
  spread(lanes);
  let text = "";
  for (let lane = 0; lane < 4; lane += 1) text += (lanes[lane]! >>> 0).toString(16).padStart(8, "0");
  return text;
}

function mixBlocks(lanes: Int32Array, view: DataView, end: number): void {
  let h1 = lanes[0]!;
  let h2 = lanes[1]!;
  let h3 = lanes[2]!;
  let h4 = lanes[3]!;
  for (let offset = 0; offset < end; offset += 16) {
    h1 ^= mixLane(view.getInt32(offset, true), C1, 15, C2);
    h1 = ((h1 << 19) | (h1 >>> 13)) + h2;
    h1 = (Math.imul(h1, 5) + 0x561ccd1b) | 0;
    h2 ^= mixLane(view.getInt32(offset + 4, true), C2, 16, C3);
    h2 = ((h2 << 17) | (h2 >>> 15)) + h3;
    h2 = (Math.imul(h2, 5) + 0x0bcaa747) | 0;
    h3 ^= mixLane(view.getInt32(offset + 8, true), C3, 17, C4);
    h3 = ((h3 << 15) | (h3 >>> 17)) + h4;
    h3 = (Math.imul(h3, 5) + 0x96cd1c35) | 0;
    h4 ^= mixLane(view.getInt32(offset + 12, true), C4, 18, C1);
    h4 = ((h4 << 13) | (h4 >>> 19)) + h1;
    h4 = (Math.imul(h4, 5) + 0x32ac3b17) | 0;
  }
  lanes[0] = h1;
  lanes[1] = h2;
  lanes[2] = h3;
  lanes[3] = h4;
}

function mixTail(lanes: Int32Array, tail: DataView): void {
  lanes[0]! ^= mixLane(tail.getInt32(0, true), C1, 15, C2);
  lanes[1]! ^= mixLane(tail.getInt32(4, true), C2, 16, C3);
  lanes[2]! ^= mixLane(tail.getInt32(8, true), C3, 17, C4);
  lanes[3]! ^= mixLane(tail.getInt32(12, true), C4, 18, C1);
}

function mixLane(block: number, before: number, rotation: number, after: number): number {
  const mixed = Math.imul(block, before);
  return Math.imul((mixed << rotation) | (mixed >>> (32 - rotation)), after);
}

/** Adds all lanes into the first, and the first into the others. */
function spread(lanes: Int32Array): void {
  lanes[0] = lanes[0]! + lanes[1]! + lanes[2]! + lanes[3]!;
  for (let lane = 1; lane < 4; lane += 1) lanes[lane] = lanes[lane]! + lanes[0];
}
