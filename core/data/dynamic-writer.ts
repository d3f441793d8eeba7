import type { ByteWriter } from "../lib/bytes.ts";
import { InvariantViolation } from "../lib/assert.ts";
import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { writeBigint } from "./bigint-codec.ts";
import * as tag from "./dynamic-format.ts";
import { plainFieldNames, refuseExtraProperties, refuseOddArray, refuseResizable } from "./plain-value.ts";
import { elementStep, fieldStep, refusal, under } from "./refusal.ts";

const REMEDY = "give it a type with types.custom({ name, write, read }), or map it to a plain object first";

/** One step of the tree of field names; a shape is the path from the root to a node with a number. */
class ShapeNode {
  shape = -1;
  /** The child met last: rows of one shape walk down without looking into the map. */
  lastName: string | undefined = undefined;
  lastChild: ShapeNode | undefined = undefined;
  readonly #children = new Map<string, ShapeNode>();

  child(name: string): ShapeNode | undefined {
    const child = this.#children.get(name);
    if (child !== undefined) this.#remember(name, child);
    return child;
  }

  grow(name: string): ShapeNode {
    const child = this.child(name) ?? new ShapeNode();
    this.#children.set(name, child);
    this.#remember(name, child);
    return child;
  }

  #remember(name: string, child: ShapeNode): void {
    this.lastName = name;
    this.lastChild = child;
  }
}

/** Thrown at the nesting bound; whoever began to write looks whether it was a cycle. */
class TooDeep {}

const kindOfPrototype = /* @__PURE__ */ new Map<object, number>(tag.TYPED_ARRAYS.map((kind, index) => [kind.prototype, index]));

/** The writing side of one session of the self-describing form. */
export class DynamicWriter {
  readonly #writer: ByteWriter;
  readonly #root = new ShapeNode();
  readonly #shapes: ShapeNode[] = [];

  constructor(writer: ByteWriter) {
    this.#writer = writer;
    writer.u8(tag.DYNAMIC_VERSION);
  }

  get shapeCount(): number {
    return this.#shapes.length;
  }

  /** Forgets the shapes from number `count` on: the bytes that defined them have been taken back. */
  forgetShapes(count: number): void {
    for (const node of this.#shapes.splice(count)) node.shape = -1;
  }

  write(value: unknown): void {
    try {
      this.#value(value, 0);
    } catch (error) {
      if (error instanceof TooDeep) throw tooDeepRefusal(value);
      if (error instanceof JobError || error instanceof InvariantViolation) throw error;
      // A proxy or a getter threw, or an object is not what its prototype says.
      throw refusal(`the value cannot be read: ${show(error instanceof Error ? error.message : error)}`, error);
    }
  }

  #value(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        return this.#string(value);
      case "number":
        return this.#number(value);
      case "object":
        return value === null ? this.#writer.u8(tag.NULL) : this.#container(value, depth);
      case "boolean":
        return this.#writer.u8(value ? tag.TRUE : tag.FALSE);
      case "undefined":
        return this.#writer.u8(tag.UNDEFINED);
      case "bigint":
        this.#writer.u8(tag.BIGINT);
        return writeBigint(this.#writer, value);
      case "symbol":
        throw refusal(`the symbol ${String(value)} cannot be stored; use a string`);
      case "function":
        throw refusal(`a function (${show(value)}) cannot be stored; keep it in the code and store what it is applied to`);
    }
  }

  #string(text: string): void {
    const units = text.length;
    if (units <= tag.INLINE_STRING_UNITS_MAX && this.#writer.headedAscii(tag.FIRST_INLINE_STRING + units, text)) return;
    this.#writer.u8(tag.STRING);
    this.#writer.string(text);
  }

  #number(value: number): void {
    // −0 equals 0 but is another number; it goes as a double.
    if ((value | 0) !== value || (value === 0 && 1 / value < 0)) {
      this.#writer.u8(tag.F64);
      this.#writer.f64(value);
    } else if (0 <= value && value <= tag.INLINE_INT_MAX) {
      this.#writer.u8(tag.FIRST_INLINE_INT + value);
    } else {
      this.#writer.headedInt32(tag.INT, value);
    }
  }

  #container(value: object, depth: number): void {
    if (tag.NESTING_MAX <= depth) throw new TooDeep();
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) this.#object(value as Record<string, unknown>, depth);
    else if (prototype === Array.prototype && Array.isArray(value)) this.#array(value, depth);
    else if (prototype === null) this.#dictionary(tag.BARE_DICTIONARY, value as Record<string, unknown>, depth);
    else if (prototype === Date.prototype && value instanceof Date) this.#date(value);
    else if (prototype === Map.prototype && value instanceof Map) this.#map(value, depth);
    else if (prototype === Set.prototype && value instanceof Set) this.#set(value, depth);
    else this.#buffer(value, prototype as object);
  }

  #object(value: Record<string, unknown>, depth: number): void {
    let node = this.#root;
    for (const name in value) {
      const next = node.lastName === name ? node.lastChild : node.child(name);
      if (next === undefined) return this.#unknownShape(value, depth);
      node = next;
    }
    // An object without fields may hide what is not enumerable, and costs little to look at.
    if (node.shape < 0 || node === this.#root) return this.#unknownShape(value, depth);
    this.#shapeNumber(node.shape);
    let current = "";
    try {
      for (const name in value) {
        current = name;
        this.#value(value[name], depth + 1);
      }
    } catch (error) {
      throw under(fieldStep(current), error);
    }
  }

  #shapeNumber(shape: number): void {
    if (shape < tag.INLINE_SHAPES) return this.#writer.u8(tag.FIRST_INLINE_SHAPE + shape);
    this.#writer.u8(tag.SHAPED);
    this.#writer.varint(shape);
  }

  /** The first object of a shape is looked at in full; later ones have the same fields and are taken to be as plain. */
  #unknownShape(value: Record<string, unknown>, depth: number): void {
    const names = plainFieldNames(value);
    if (tag.SHAPE_FIELDS_MAX < names.length) return this.#dictionary(tag.DICTIONARY, value, depth);
    let node = this.#root;
    for (const name of names) node = node.grow(name);
    if (node.shape < 0) {
      if (this.#shapes.length === tag.SHAPES_MAX) return this.#dictionary(tag.DICTIONARY, value, depth);
      node.shape = this.#shapes.length;
      this.#shapes.push(node);
      this.#writer.u8(tag.NEW_SHAPE);
      this.#writer.varint(names.length);
      for (const name of names) this.#writer.string(name);
    } else {
      this.#shapeNumber(node.shape);
    }
    for (const name of names) this.#field(value, name, depth);
  }

  #dictionary(form: number, value: Record<string, unknown>, depth: number): void {
    const names = plainFieldNames(value);
    this.#writer.u8(form);
    this.#writer.varint(names.length);
    for (const name of names) {
      this.#writer.string(name);
      this.#field(value, name, depth);
    }
  }

  #field(value: Record<string, unknown>, name: string, depth: number): void {
    try {
      this.#value(value[name], depth + 1);
    } catch (error) {
      throw under(fieldStep(name), error);
    }
  }

  #array(array: readonly unknown[], depth: number): void {
    refuseOddArray(array);
    this.#writer.u8(tag.ARRAY);
    this.#writer.varint(array.length);
    let index = 0;
    try {
      for (; index < array.length; index += 1) this.#value(array[index], depth + 1);
    } catch (error) {
      throw under(elementStep(index), error);
    }
  }

  #date(date: Date): void {
    refuseExtraProperties(date, "Date");
    this.#writer.u8(tag.DATE);
    this.#writer.f64(date.getTime());
  }

  #map(map: ReadonlyMap<unknown, unknown>, depth: number): void {
    refuseExtraProperties(map, "Map");
    this.#writer.u8(tag.MAP);
    this.#writer.varint(map.size);
    let step = "";
    let index = 0;
    try {
      for (const [key, value] of map) {
        step = `.keys()[${index}]`;
        this.#value(key, depth + 1);
        step = `.get(${show(key)})`;
        this.#value(value, depth + 1);
        index += 1;
      }
    } catch (error) {
      throw under(step, error);
    }
  }

  #set(set: ReadonlySet<unknown>, depth: number): void {
    refuseExtraProperties(set, "Set");
    this.#writer.u8(tag.SET);
    this.#writer.varint(set.size);
    let index = 0;
    try {
      for (const value of set) {
        this.#value(value, depth + 1);
        index += 1;
      }
    } catch (error) {
      throw under(`.values()[${index}]`, error);
    }
  }

  #buffer(value: object, prototype: object): void {
    if (prototype === ArrayBuffer.prototype && value instanceof ArrayBuffer) {
      refuseResizable(value);
      refuseExtraProperties(value, "ArrayBuffer");
      this.#writer.u8(tag.ARRAY_BUFFER);
      this.#writer.bytes(new Uint8Array(value));
      return;
    }
    const kind = kindOfPrototype.get(prototype);
    if (kind === undefined || !ArrayBuffer.isView(value)) throw refusal(`${article(value)} cannot be stored; ${REMEDY}`);
    if (!(value.buffer instanceof ArrayBuffer)) {
      throw refusal("an array over shared memory cannot be stored; copy it first, with slice()");
    }
    refuseResizable(value.buffer);
    this.#writer.u8(tag.TYPED_ARRAY);
    this.#writer.u8(kind);
    this.#writer.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  }
}

function article(value: object): string {
  const constructor = (value as { readonly constructor?: unknown }).constructor;
  const name = typeof constructor === "function" ? constructor.name : "";
  return name === "" ? "an instance of a class without a name" : `an instance of ${name}`;
}

function tooDeepRefusal(root: unknown): unknown {
  const cycle = findCycle(root, new Map(), new Set(), "");
  if (cycle !== undefined) {
    const [from, to] = cycle;
    return under(from, refusal(`a cycle, back to $${to}, cannot be stored; store an identifier in its place`));
  }
  const depth = `nested more than ${tag.NESTING_MAX} levels deep (not a cycle)`;
  return refusal(`${depth}: keep such a structure flat, as a list of entries that name each other`);
}

/**
 * Paths of a reference to one of its own ancestors, and of this ancestor. Each object is visited once, however often it is
 * shared.
 */
function findCycle(
  value: unknown,
  ancestors: Map<object, string>,
  finished: Set<object>,
  path: string,
): readonly [string, string] | undefined {
  if (typeof value !== "object" || value === null || finished.has(value)) return undefined;
  const ancestor = ancestors.get(value);
  if (ancestor !== undefined) return [path, ancestor];
  if (tag.NESTING_MAX < ancestors.size) return undefined;
  ancestors.set(value, path);
  for (const [step, child] of children(value)) {
    const cycle = findCycle(child, ancestors, finished, path + step);
    if (cycle !== undefined) return cycle;
  }
  ancestors.delete(value);
  finished.add(value);
  return undefined;
}

function* children(value: object): Iterable<readonly [string, unknown]> {
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) yield [elementStep(index), value[index]];
  } else if (value instanceof Map) {
    let index = 0;
    for (const [key, held] of value) {
      yield [`.keys()[${index}]`, key];
      yield [`.get(${show(key)})`, held];
      index += 1;
    }
  } else if (value instanceof Set) {
    let index = 0;
    for (const held of value) {
      yield [`.values()[${index}]`, held];
      index += 1;
    }
  } else if (!ArrayBuffer.isView(value)) {
    for (const name of Object.keys(value)) yield [fieldStep(name), (value as Record<string, unknown>)[name]];
  }
}
