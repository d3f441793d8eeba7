import { Part } from "../lib/part.ts";
import type { Type } from "./type.ts";

/** What writes and reads the values of types: in snapshots. A job that takes none, and is not restored, has no use for it. */
export const codecs = /* @__PURE__ */ new Part(() => import("./codecs.ts"));

/** A type beside its name: see `Type`. */
export type Codec<T> = Pick<Type<T>, "write" | "read">;

/** A type whose codec is made when the first value is written or read. */
export function codedType<T>(name: string, accepts: ((value: unknown) => boolean) | undefined, make: (from: typeof codecs.module) => Codec<T>): Type<T> {
  let made: Codec<T> | undefined;
  const codec = (): Codec<T> => (made ??= make(codecs.module));
  return {
    name,
    ...(accepts === undefined ? {} : { accepts }),
    write: (writer, value) => codec().write(writer, value),
    read: (reader) => codec().read(reader),
  };
}
