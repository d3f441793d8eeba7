import { JobError } from "../lib/errors.ts";
import { dynamicType } from "./dynamic-type.ts";
import { elementStep, fieldStep, refusal, under } from "./refusal.ts";
import type { Type } from "./type.ts";

/**
 * The part of Standard Schema v1 (https://standardschema.dev) that is used here; Valibot, Zod, ArkType and others implement it.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined;
}

/**
 * A type from a validator: values are checked when they are written and when they are read, and stored in the self-describing
 * form.
 *
 * The schema must accept its own output, because what was stored is checked again: one that fills in defaults or trims strings
 * does, one that turns a string into a Date does not. It must validate synchronously.
 *
 * ```ts
 * const flight = fromSchema(v.object({ origin: v.string(), delay: v.number() }));
 * ```
 *
 * @param name Tells two schemas of one library apart; a state that is declared again with another name is refused.
 */
export function fromSchema<Input, Output extends Input>(schema: StandardSchema<Input, Output>, name?: string): Type<Output> {
  const standard = schema["~standard"];
  return {
    name: `schema(${name ?? standard.vendor})`,
    accepts(value) {
      return resultOf(schema, value).issues === undefined;
    },
    write(writer, value) {
      const result = resultOf(schema, value);
      if (result.issues !== undefined) throw refusalOf(result.issues[0]);
      dynamicType.write(writer, result.value);
    },
    read(reader) {
      const result = resultOf(schema, dynamicType.read(reader));
      if (result.issues === undefined) return result.value;
      const refused = refusalOf(result.issues[0]);
      throw new JobError(
        "RESTORE_MISMATCH",
        `the schema of ${standard.vendor} refuses a value that it accepted when it was stored: ${refused.reason}. Either the` +
          " schema has changed since, or it does not accept its own output; give it a form that does.",
      );
    },
  };
}

/** A type as it is, or the type of a schema. */
export function typeOf<Input, Output extends Input>(typeOrSchema: Type<Output> | StandardSchema<Input, Output>): Type<Output> {
  return "~standard" in typeOrSchema ? fromSchema(typeOrSchema) : typeOrSchema;
}

function resultOf<Input, Output>(schema: StandardSchema<Input, Output>, value: unknown): SchemaResult<Output> {
  const result = schema["~standard"].validate(value);
  if ("then" in result) {
    throw new JobError(
      "INVALID_ARGUMENT",
      `the schema of ${schema["~standard"].vendor} validates asynchronously, but records are handled without waiting;` +
        " use its synchronous form, and check what needs a request before the records reach the job",
    );
  }
  return result;
}

function refusalOf(issue: SchemaIssue | undefined): JobError {
  let refused: unknown = refusal(`the schema refuses the value: ${issue?.message ?? "no reason given"}`);
  for (const part of (issue?.path ?? []).toReversed()) {
    const key = typeof part === "object" ? part.key : part;
    refused = under(typeof key === "number" ? elementStep(key) : fieldStep(String(key)), refused);
  }
  return refused as JobError;
}
