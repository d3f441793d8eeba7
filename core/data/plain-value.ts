import { show } from "../lib/show.ts";
import { elementStep, fieldStep, refusal, under } from "./refusal.ts";

/** The names of the own fields; refuses what would be lost: accessors, symbols and what is not enumerable. */
export function plainFieldNames(value: object): string[] {
  const names = Object.keys(value);
  const all = Reflect.ownKeys(value);
  for (const name of all) {
    if (typeof name === "symbol") throw refusal(`the property named by ${String(name)} cannot be stored; use a string`);
    const property = Object.getOwnPropertyDescriptor(value, name);
    if (property?.get !== undefined || property?.set !== undefined) {
      throw under(fieldStep(name), refusal("a getter or setter cannot be stored; copy its value into a plain field"));
    }
    if (property?.enumerable === false) {
      throw under(fieldStep(name), refusal("a property that is not enumerable cannot be stored; copy it into a plain field"));
    }
  }
  return names;
}

/** Refuses an array with holes or with properties besides its elements. */
export function refuseOddArray(array: readonly unknown[]): void {
  // Indices come first and in ascending order, so as many keys as elements and the last index at the end mean: all indices, no
  // more.
  const keys = Object.keys(array);
  const last = array.length - 1;
  const dense = keys.length === array.length && (last < 0 || keys[last] === String(last));
  if (dense && Object.getOwnPropertySymbols(array).length === 0) return;
  for (let index = 0; index < array.length; index += 1) {
    if (!Object.hasOwn(array, index)) {
      throw under(elementStep(index), refusal("an array with holes cannot be stored; fill them (undefined is a value)"));
    }
  }
  throw refusal("an array with properties besides its elements cannot be stored; copy the elements, [...array]");
}

/** Refuses what hangs on a built-in object beside its content. */
export function refuseExtraProperties(value: object, name: string): void {
  if (Reflect.ownKeys(value).length === 0) return;
  throw refusal(`a ${name} with extra properties (${show(String(Reflect.ownKeys(value)[0]))}) cannot be stored; remove them`);
}

/** Refuses memory that would come back with another nature. */
export function refuseResizable(buffer: ArrayBuffer & { readonly resizable?: boolean }): void {
  if (buffer.resizable === true) throw refusal("a resizable ArrayBuffer cannot be stored; copy it with slice() first");
}
