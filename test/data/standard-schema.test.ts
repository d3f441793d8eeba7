import type { StandardSchemaV1 } from "@standard-schema/spec";
import * as v from "valibot";
import { describe, expect, expectTypeOf, test } from "vitest";
import { fromSchema, type StandardSchema, typeOf } from "../../core/data/standard-schema.ts";
import { type Type, types } from "../../core/data/type.ts";
import { decodeValue, encodeValue } from "../../core/data/value-bytes.ts";

const schema = v.object({ user: v.object({ tags: v.array(v.string()) }), delay: v.optional(v.number(), 0) });
const value = { user: { tags: ["a"] }, delay: 5 };

describe("a type from a schema", () => {
  test("round-trips what the schema accepts, defaults filled in", () => {
    const type = fromSchema(schema);
    expectTypeOf(type).toEqualTypeOf<Type<{ user: { tags: string[] }; delay: number }>>();
    expect(type.name).toBe("schema(valibot)");
    expect(fromSchema(schema, "flight/2").name).toBe("schema(flight/2)");
    expect(decodeValue(type, encodeValue(type, value))).toStrictEqual(value);
    expect(decodeValue(type, encodeValue<unknown>(type, { user: { tags: [] } }))).toStrictEqual({ user: { tags: [] }, delay: 0 });
  });

  test("refuses the rest with the path and the message of the schema", () => {
    const refused = { user: { tags: ["a", 5] }, delay: 1 };
    expect(() => encodeValue<unknown>(fromSchema(schema), refused)).toThrow(
      /NOT_SERIALIZABLE\] \$\.user\.tags\[1\]: the schema refuses the value: .*Expected string but received 5/,
    );
  });

  test("checks what it reads: the schema may have changed", () => {
    const stored = encodeValue(types.dynamic, { user: { tags: "a" }, delay: 1 });
    expect(() => decodeValue(fromSchema(schema), stored)).toThrow(/RESTORE_MISMATCH.*valibot.*\$\.user\.tags/);
  });

  test("refuses an asynchronous schema", () => {
    const slow = v.pipeAsync(v.string(), v.checkAsync(() => Promise.resolve(true)));
    expect(() => encodeValue(fromSchema(slow), "a")).toThrow(/INVALID_ARGUMENT.*asynchronously/);
  });

  test("a schema that does not accept its own output is no type", () => {
    const transforming = v.pipe(v.string(), v.transform((text) => text.length));
    // @ts-expect-error number is not the input of this schema
    const type: Type<number> = fromSchema(transforming);
    expect(() => encodeValue(type, 5)).toThrow("NOT_SERIALIZABLE");
  });

  test("serves as a member of a union and inside other types", () => {
    const type = types.array(types.union(fromSchema(v.number()), fromSchema(schema)));
    expect(decodeValue(type, encodeValue(type, [1, value]))).toStrictEqual([1, value]);
    expect(() => encodeValue<unknown>(type, [1, "x"])).toThrow("$[1]");
  });
});

test("typeOf takes a type as well as a schema", () => {
  expect(typeOf(types.string)).toBe(types.string);
  expect(typeOf(v.string()).name).toBe("schema(valibot)");
});

test("the interface is that of the standard", () => {
  expectTypeOf<StandardSchemaV1<string, number>>().toExtend<StandardSchema<string, number>>();
});
