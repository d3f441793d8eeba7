import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { JobError, corrupt } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import type { Codec } from "./coded-type.ts";
import { writeWhole } from "./dynamic-type.ts";
import { type FieldReader, objectMaker, setField } from "./object-shape.ts";
import { plainFieldNames, refuseExtraProperties, refuseOddArray } from "./plain-value.ts";
import { elementStep, fieldStep, refusal, under } from "./refusal.ts";
import type { CustomCodec, ObjectOf, Type, TypeOf } from "./type.ts";
import { isArray, isMap, isPlainObject, isSet, mayFit, optionalElement } from "./value-kinds.ts";

const ABSENT = 0;
const PRESENT = 1;
const PRESENT_UNDEFINED = 2;

type AnyType = Type<unknown>;

/**
 * Elements may be of a type that writes nothing; as many zeros as are missing follow them, so that a count never exceeds the
 * bytes behind it, and a damaged one is found before it makes a long loop.
 */
function padElements(writer: ByteWriter, start: number, count: number): void {
  for (let length = writer.length - start; length < count; length += 1) writer.u8(0);
}

function skipPadding(reader: ByteReader, start: number, count: number): void {
  const length = reader.position - start;
  if (length < count) reader.skip(count - length);
}

export function arrayCodec<T>(element: Type<T>): Codec<T[]> {
  return {
    write(writer, value) {
      if (!isArray(value)) throw refusal(`an array is expected, but got ${show(value)}`);
      refuseOddArray(value);
      writer.varint(value.length);
      const start = writer.length;
      let index = 0;
      try {
        for (; index < value.length; index += 1) element.write(writer, value[index] as T);
      } catch (error) {
        throw under(elementStep(index), error);
      }
      padElements(writer, start, value.length);
    },
    read(reader) {
      const length = reader.count();
      const start = reader.position;
      const array: T[] = [];
      for (let index = 0; index < length; index += 1) array.push(element.read(reader));
      skipPadding(reader, start, length);
      return array;
    },
  };
}

export function tupleCodec<const E extends readonly AnyType[]>(
  elements: E,
  fits: (value: unknown) => value is readonly unknown[],
): Codec<{ -readonly [I in keyof E]: TypeOf<E[I]> }> {
  type Tuple = { -readonly [I in keyof E]: TypeOf<E[I]> };
  return {
    write(writer, value) {
      if (!fits(value)) throw refusal(`an array of ${elements.length} elements is expected, but got ${show(value)}`);
      refuseOddArray(value);
      let index = 0;
      try {
        for (; index < elements.length; index += 1) elements[index]!.write(writer, value[index]);
      } catch (error) {
        throw under(elementStep(index), error);
      }
    },
    read: (reader) => elements.map((element) => element.read(reader)) as Tuple,
  };
}

export function objectCodec<const F extends Readonly<Record<string, AnyType>>>(fields: F): Codec<ObjectOf<F>> {
  const names = Object.keys(fields);
  const fieldTypes = names.map((name) => fields[name]!);
  const optional = fieldTypes.map((type) => optionalElement(type) !== undefined);
  const make = optional.includes(true) ? undefined : objectMaker(names);
  const readField: FieldReader = (index, reader) => fieldTypes[index]!.read(reader);

  function writeFields(writer: ByteWriter, value: Record<string, unknown>): number {
    let present = 0;
    let index = 0;
    try {
      for (; index < names.length; index += 1) {
        const name = names[index]!;
        if (optional[index]! && !Object.hasOwn(value, name)) {
          writer.u8(ABSENT);
          continue;
        }
        fieldTypes[index]!.write(writer, value[name]);
        present += 1;
      }
    } catch (error) {
      throw under(fieldStep(names[index]!), error);
    }
    return present;
  }

  return {
    write(writer, value) {
      if (!isPlainObject(value)) {
        throw refusal(`a plain object is expected, but got ${show(value)}; copy it into one, { ...value }, or use types.custom`);
      }
      const present = writeFields(writer, value);
      if (Object.keys(value).length !== present) throw fieldMismatch(value, names, optional);
    },
    read(reader) {
      if (make !== undefined) return make(readField, reader, 0) as ObjectOf<F>;
      const made = {};
      for (let index = 0; index < names.length; index += 1) {
        if (optional[index]! && reader.peekU8() === ABSENT) reader.skip(1);
        else setField(made, names[index]!, fieldTypes[index]!.read(reader));
      }
      return made as ObjectOf<F>;
    },
  };
}

function fieldMismatch(value: object, names: readonly string[], optional: readonly boolean[]): unknown {
  for (const name of plainFieldNames(value)) {
    if (names.includes(name)) continue;
    return under(fieldStep(name), refusal("the type has no such field; add it to types.object, or leave it out"));
  }
  const missing = names.find((name, index) => !optional[index]! && !Object.hasOwn(value, name));
  return under(fieldStep(missing ?? ""), refusal("the field is missing; set it, or declare it with types.optional"));
}

export function optionalCodec<T>(element: Type<T>): Codec<T | undefined> {
  return {
    write(writer, value) {
      writer.u8(value === undefined ? PRESENT_UNDEFINED : PRESENT);
      if (value !== undefined) element.write(writer, value);
    },
    read(reader) {
      const presence = reader.u8();
      if (presence === PRESENT_UNDEFINED) return undefined;
      if (presence !== PRESENT) throw corrupt(`${presence} at byte ${reader.position - 1} is no mark of presence`);
      return element.read(reader);
    },
  };
}

export function nullableCodec<T>(element: Type<T>): Codec<T | null> {
  return {
    write(writer, value) {
      writer.u8(value === null ? ABSENT : PRESENT);
      if (value !== null) element.write(writer, value);
    },
    read(reader) {
      const presence = reader.u8();
      if (presence === ABSENT) return null;
      if (presence !== PRESENT) throw corrupt(`${presence} at byte ${reader.position - 1} is no mark of presence`);
      return element.read(reader);
    },
  };
}

export function mapCodec<K, V>(keyType: Type<K>, valueType: Type<V>): Codec<Map<K, V>> {
  return {
    write(writer, value) {
      if (!isMap(value)) throw refusal(`a Map is expected, but got ${show(value)}`);
      refuseExtraProperties(value, "Map");
      writer.varint(value.size);
      const start = writer.length;
      let step = "";
      let index = 0;
      try {
        for (const [key, held] of value) {
          step = `.keys()[${index}]`;
          keyType.write(writer, key as K);
          step = `.get(${show(key)})`;
          valueType.write(writer, held as V);
          index += 1;
        }
      } catch (error) {
        throw under(step, error);
      }
      padElements(writer, start, value.size);
    },
    read(reader) {
      const size = reader.count();
      const start = reader.position;
      const map = new Map<K, V>();
      for (let index = 0; index < size; index += 1) {
        const key = keyType.read(reader);
        map.set(key, valueType.read(reader));
      }
      skipPadding(reader, start, size);
      return map;
    },
  };
}

export function setCodec<T>(element: Type<T>): Codec<Set<T>> {
  return {
    write(writer, value) {
      if (!isSet(value)) throw refusal(`a Set is expected, but got ${show(value)}`);
      refuseExtraProperties(value, "Set");
      writer.varint(value.size);
      const start = writer.length;
      let index = 0;
      try {
        for (const held of value) {
          element.write(writer, held as T);
          index += 1;
        }
      } catch (error) {
        throw under(`.values()[${index}]`, error);
      }
      padElements(writer, start, value.size);
    },
    read(reader) {
      const size = reader.count();
      const start = reader.position;
      const set = new Set<T>();
      for (let index = 0; index < size; index += 1) set.add(element.read(reader));
      skipPadding(reader, start, size);
      return set;
    },
  };
}

export function unionCodec<const M extends readonly AnyType[]>(members: M, name: string): Codec<TypeOf<M[number]>> {
  type Union = TypeOf<M[number]>;
  return {
    write(writer, value) {
      // The first member that takes the whole value; what a member wrote before it refused is taken back.
      const start = writer.length;
      let candidates = 0;
      let refused: unknown;
      for (let index = 0; index < members.length; index += 1) {
        if (!mayFit(members[index]!, value)) continue;
        candidates += 1;
        writer.varint(index);
        try {
          return writeWhole<unknown>(members[index]!, writer, value);
        } catch (error) {
          if (!(error instanceof JobError) || error.code !== "NOT_SERIALIZABLE") throw error;
          refused = error;
          writer.truncate(start);
        }
      }
      // Where only one member came into question, its reason names the field that is wrong.
      throw candidates === 1 ? refused : refusal(`${show(value)} fits no member of ${name}`);
    },
    read(reader) {
      const index = reader.varint();
      const member = members[index];
      if (member === undefined) throw corrupt(`${index} before byte ${reader.position} is no member of ${name}`);
      return member.read(reader) as Union;
    },
  };
}

export function customCodec<T>(codec: CustomCodec<T>): Codec<T> {
  return {
    write(writer, value) {
      try {
        codec.write(writer, value);
      } catch (error) {
        if (error instanceof JobError) throw error;
        const reason = show(error instanceof Error ? error.message : error);
        throw refusal(`the codec "${codec.name}" could not write ${show(value)}: ${reason}`, error);
      }
    },
    read(reader) {
      try {
        return codec.read(reader);
      } catch (error) {
        if (error instanceof JobError) throw error;
        throw corrupt(`the codec "${codec.name}" could not read a value before byte ${reader.position} (${show(error)})`);
      }
    },
  };
}
