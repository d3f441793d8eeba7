import type { ByteReader, ByteWriter } from "../lib/bytes.ts";
import { Part } from "../lib/part.ts";
import type { Type } from "./type.ts";

/** Values become bytes between chains, in BATCH and in snapshots; a job that has none of them does not need it. */
export const dynamicCodec = /* @__PURE__ */ new Part(() => import("./dynamic-codec.ts"));

/**
 * The self-describing codec, used wherever no type is given. It takes undefined, null, booleans, every number, bigints, every
 * string (lone surrogates included), dates, arrays, plain objects (with or without prototype), Map, Set, ArrayBuffer and typed
 * arrays, and gives back equal ones, fields in the order they had. It refuses functions, symbols, instances of classes, cycles,
 * arrays with holes, accessors and anything else that it could not give back, with the path of the offending field.
 *
 * What it does not keep: that two fields hold the same object (they come back as two), that an object was frozen, and
 * properties that were added to a typed array. Within a session only the first object of each shape is searched for accessors,
 * symbols and properties that are not enumerable.
 *
 * All values that go through one writer share a session: `n` rows with the same fields write their names once. They must be
 * read in order, from the start of the session; `startSession` of writer and reader begins another.
 */
export const dynamicType: Type<unknown> = {
  name: "dynamic",
  write(writer: ByteWriter, value: unknown): void {
    const { DynamicWriter } = dynamicCodec.module;
    const session = writer.session;
    if (session instanceof DynamicWriter) session.write(value);
    else {
      const started = new DynamicWriter(writer);
      writer.session = started;
      started.write(value);
    }
  },
  read(reader: ByteReader): unknown {
    const { DynamicReader } = dynamicCodec.module;
    const session = reader.session;
    if (session instanceof DynamicReader) return session.read();
    const started = new DynamicReader(reader);
    reader.session = started;
    return started.read();
  },
};

/**
 * Writes a value, or nothing: where the type refuses it, bytes and session are again as they were, so that a caller who catches
 * the error can go on with this writer.
 */
export function writeWhole<T>(type: Type<T>, writer: ByteWriter, value: T): void {
  const { DynamicWriter } = dynamicCodec.module;
  const length = writer.length;
  const session = writer.session;
  const shapeCount = session instanceof DynamicWriter ? session.shapeCount : 0;
  try {
    type.write(writer, value);
  } catch (error) {
    writer.truncate(length);
    writer.session = session;
    if (session instanceof DynamicWriter) session.forgetShapes(shapeCount);
    throw error;
  }
}
