import { Part } from "../lib/part.ts";
import type { Type, types } from "./type.ts";

/** What the engine keeps of itself becomes bytes in snapshots; a job that takes none, and is not restored, does not need it. */
export const codecs = /* @__PURE__ */ new Part(() => import("./codecs.ts"));

/** A type of the engine's own state, made of codecs when the first snapshot asks for it. */
export function storedType<T>(make: (from: typeof types) => Type<T>): Type<T> {
  let made: Type<T> | undefined;
  const type = (): Type<T> => (made ??= make(codecs.module.types));
  return {
    get name() {
      return type().name;
    },
    write: (writer, value) => type().write(writer, value),
    read: (reader) => type().read(reader),
  };
}

/** `types.number` of the engine's own state. */
export const storedNumber: Type<number> = /* @__PURE__ */ storedType(({ number }) => number);
