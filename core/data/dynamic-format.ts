/**
 * The self-describing form: a tag byte and what it announces. Small integers, short ASCII strings and the first shapes of a
 * session lie in the tag itself.
 *
 * A session begins with the version byte. Within it, the field names of an object are written once, as a shape; later objects
 * with the same names in the same order name it by its number.
 */
export const DYNAMIC_VERSION = 1;

export const UNDEFINED = 0;
export const NULL = 1;
export const FALSE = 2;
export const TRUE = 3;
/** zigzag: an integer of 32 bits that does not fit a tag. */
export const INT = 4;
export const F64 = 5;
/** See `writeBigint`. */
export const BIGINT = 6;
export const STRING = 7;
/** f64: ms since the epoch, NaN for an invalid date. */
export const DATE = 8;
/** varint length, elements. */
export const ARRAY = 9;
/** varint count, names; then the values. The shape gets the next free number. */
export const NEW_SHAPE = 10;
/** varint shape, values. */
export const SHAPED = 11;
/** varint count, then name and value in turn: an object whose names are not worth a shape. */
export const DICTIONARY = 12;
/** The same for an object without prototype. */
export const BARE_DICTIONARY = 13;
/** varint size, then key and value in turn. */
export const MAP = 14;
/** varint size, values. */
export const SET = 15;
export const ARRAY_BUFFER = 16;
/** byte index in `TYPED_ARRAYS`, bytes. */
export const TYPED_ARRAY = 17;

/** 0x20…0x3f: an object of shape 0…31. */
export const FIRST_INLINE_SHAPE = 0x20;
/** 0x40…0x7f: an ASCII string of 0…63 characters. */
export const FIRST_INLINE_STRING = 0x40;
/** 0x80…0xff: an integer of 0…127. */
export const FIRST_INLINE_INT = 0x80;

export const INLINE_SHAPES = FIRST_INLINE_STRING - FIRST_INLINE_SHAPE;
export const INLINE_STRING_UNITS_MAX = 63;
export const INLINE_INT_MAX = 127;

/** How deeply containers may nest: far below what overflows the stack of any engine. */
export const NESTING_MAX = 256;
/** Shapes of one session. Objects that come after this many, dictionaries most likely, carry their names. */
export const SHAPES_MAX = 1024;
/** Objects with more fields than this are taken for dictionaries. */
export const SHAPE_FIELDS_MAX = 128;

/** The place of a kind in this list is part of the format: new ones go to its end. */
export const TYPED_ARRAYS = [
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

export type AnyTypedArray = InstanceType<(typeof TYPED_ARRAYS)[number]>;
