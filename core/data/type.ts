import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import {
  arrayType,
  customType,
  mapType,
  nullableType,
  objectType,
  optionalType,
  setType,
  tupleType,
  unionType,
} from "./composite-types.ts";
import { dynamicType } from "./dynamic-type.ts";
import { bigintType, booleanType, bytesType, dateType, intType, literalType, numberType, stringType } from "./scalar-types.ts";

/**
 * How values of one kind become bytes and come back equal. Made with `types`, or from a validator with `fromSchema`.
 *
 * `write` refuses a value that does not fit with a `JobError` NOT_SERIALIZABLE, which names the path of the offending field
 * from the root `$`, such as `$.user.tags[3]`. `read` answers damaged bytes with CORRUPT_DATA.
 */
export interface Type<T> {
  /** A stable description of the structure, such as `object{a:string,b:f64}`. Two types with one name read each other's bytes. */
  readonly name: string;
  write(writer: ByteWriter, value: T): void;
  read(reader: ByteReader): T;
  /** A quick look by which a union chooses its member: false means that `write` would refuse. Absent: it may take anything. */
  accepts?(value: unknown): boolean;
}

/** A type whose field in an object may be absent. */
export interface OptionalType<T> extends Type<T | undefined> {
  /** The type of the field where it is present. */
  readonly optional: Type<T>;
}

/** The values of a type: `TypeOf<typeof flightType>`. */
export type TypeOf<X> = X extends Type<infer T> ? T : never;

type OptionalNames<F> = { [K in keyof F]: F[K] extends OptionalType<unknown> ? K : never }[keyof F];

/** The objects of `types.object(fields)`. */
export type ObjectOf<F> = Flat<
  { -readonly [K in Exclude<keyof F, OptionalNames<F>>]: TypeOf<F[K]> } & { -readonly [K in OptionalNames<F>]?: TypeOf<F[K]> }
>;

type Flat<T> = { [K in keyof T]: T[K] };

/** What `types.custom` takes: a codec of the user's own. */
export interface CustomCodec<T> {
  /** Names the format of the bytes; change it together with the format. */
  readonly name: string;
  write(writer: ByteWriter, value: T): void;
  /** Reads exactly what `write` wrote. */
  read(reader: ByteReader): T;
  /** Tells a member of a union from the others; without it, a union tries `write`. */
  accepts?(value: unknown): boolean;
}

/**
 * Builders of types.
 *
 * ```ts
 * const flight = types.object({ origin: types.string, delay: types.int, note: types.optional(types.string) });
 * type Flight = TypeOf<typeof flight>; // { origin: string; delay: number; note?: string | undefined }
 * ```
 */
export const types = {
  /** Any string, lone surrogates included. */
  string: stringType,
  /** Any number, exactly: −0 and NaN too. */
  number: numberType,
  /** A safe integer in 1 to 8 bytes; −0 is the integer 0. */
  int: intType,
  boolean: booleanType,
  bigint: bigintType,
  /** A Date; an invalid one too. */
  date: dateType,
  /** A Uint8Array. */
  bytes: bytesType,
  /** `types.literal("red", "green")`: one of these values. */
  literal: literalType,
  /** `types.array(types.string)`. */
  array: arrayType,
  /** `types.tuple(types.string, types.number)`: an array of this length. */
  tuple: tupleType,
  /** A plain object with exactly these fields; it comes back with its fields in this order. */
  object: objectType,
  /** A field that may be absent or undefined, and comes back as it was. */
  optional: optionalType,
  /** The value or null. */
  nullable: nullableType,
  map: mapType,
  set: setType,
  /** One of several types: the first that takes the value. Objects are told apart by their literal fields. */
  union: unionType,
  /** Anything that can be stored, described by itself: what is used where no type is given. */
  dynamic: dynamicType,
  /** A codec of your own, for instances of classes for example. */
  custom: customType,
} as const;
