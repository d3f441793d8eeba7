import { codedType } from "./coded-type.ts";
import { IDENTIFIER } from "./refusal.ts";
import type { CustomCodec, ObjectOf, OptionalType, Type, TypeOf } from "./type.ts";
import { isArray, isMap, isPlainObject, isSet, mayFit, optionalElement } from "./value-kinds.ts";

type AnyType = Type<unknown>;

export function arrayType<T>(element: Type<T>): Type<T[]> {
  return codedType(`array(${element.name})`, isArray, (from) => from.arrayCodec(element));
}

export function tupleType<const E extends readonly AnyType[]>(...elements: E): Type<{ -readonly [I in keyof E]: TypeOf<E[I]> }> {
  const fits = (value: unknown): value is readonly unknown[] => isArray(value) && value.length === elements.length;
  return codedType(`tuple(${namesOf(elements).join(",")})`, fits, (from) => from.tupleCodec(elements, fits));
}

export function objectType<const F extends Readonly<Record<string, AnyType>>>(fields: F): Type<ObjectOf<F>> {
  // The codec is made later: by then the caller may have changed its object.
  const own = { ...fields };
  const described = Object.keys(own).map((name) => describeField(name, own[name]!));
  const literals = Object.keys(own).filter((name) => own[name]!.name.startsWith("literal("));
  // The literal fields of an object tell the members of a union apart.
  const accepts = (value: unknown): boolean => isPlainObject(value) && literals.every((name) => own[name]!.accepts!(value[name]));
  return codedType(`object{${described.join(",")}}`, accepts, (from) => from.objectCodec(own));
}

export function optionalType<T>(element: Type<T>): OptionalType<T> {
  const accepts = (value: unknown): boolean => value === undefined || mayFit(element, value);
  return { ...codedType(`optional(${element.name})`, accepts, (from) => from.optionalCodec(element)), optional: element };
}

export function nullableType<T>(element: Type<T>): Type<T | null> {
  return codedType(`nullable(${element.name})`, (value) => value === null || mayFit(element, value), (from) => from.nullableCodec(element));
}

export function mapType<K, V>(keyType: Type<K>, valueType: Type<V>): Type<Map<K, V>> {
  return codedType(`map(${keyType.name},${valueType.name})`, isMap, (from) => from.mapCodec(keyType, valueType));
}

export function setType<T>(element: Type<T>): Type<Set<T>> {
  return codedType(`set(${element.name})`, isSet, (from) => from.setCodec(element));
}

export function unionType<const M extends readonly AnyType[]>(...members: M): Type<TypeOf<M[number]>> {
  const name = `union(${namesOf(members).join("|")})`;
  return codedType(name, (value) => members.some((member) => mayFit(member, value)), (from) => from.unionCodec(members, name));
}

export function customType<T>(codec: CustomCodec<T>): Type<T> {
  const { accepts } = codec;
  return codedType(`custom(${codec.name})`, accepts && ((value) => accepts(value)), (from) => from.customCodec(codec));
}

function namesOf(types: readonly AnyType[]): readonly string[] {
  return types.map(({ name }) => name);
}

function describeField(name: string, type: AnyType): string {
  const shownName = IDENTIFIER.test(name) ? name : JSON.stringify(name);
  const element = optionalElement(type);
  return element === undefined ? `${shownName}:${type.name}` : `${shownName}?:${element.name}`;
}
