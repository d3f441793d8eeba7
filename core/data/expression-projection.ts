import { JobError } from "../lib/errors.ts";
import { show } from "../lib/show.ts";
import { BatchLayout, ColumnBatch } from "./column-batch.ts";
import type { Column } from "./column.ts";
import { compileValue, type ValueProgram } from "./expression-program.ts";
import type { Expression } from "./expression.ts";
import { objectMaker, setField } from "./object-shape.ts";

/** New records of old ones, for records and for batches. Where `columns` throws, some record makes `row` throw. */
export interface ProjectionProgram {
  readonly row: (record: unknown) => Record<string, unknown>;
  /** Columns that are only passed on are shared. */
  readonly columns: (batch: ColumnBatch) => ColumnBatch;
}

/** Expressions with names, as projections take them. */
export type NamedExpressions<T> = readonly Expression<T, unknown, string>[];

/** Expressions of which the compiler is yet to say whether they have names. */
export type Expressions<T> = readonly Expression<T, unknown, string | undefined>[];

/** The same values; in place of one without a name, or whose name another one has, what the compiler says of it. */
export type DistinctNames<N extends Expressions<never>> = {
  readonly [I in keyof N]: undefined extends N[I]["name"] ? 'give it a name with as("…")' : N[I]["name"] extends OtherNames<N, I> ? `another value is called "${N[I]["name"]}"; give one of them another name with as("…")` : N[I];
};
/** A name that the compiler does not know is left to run time. */
type OtherNames<N extends Expressions<never>, I extends keyof N> = {
  readonly [J in keyof N]: J extends I ? never : string extends N[J]["name"] ? never : N[J]["name"];
}[number];

/** What a projection makes of records: its names with their values. */
export type ProjectionOf<N extends Expressions<never>> = {
  [E in N[number] as NameOf<E>]: E extends Expression<never, infer V, string> ? V : never;
};

type NameOf<E extends { readonly name: string | undefined }> = Exclude<E["name"], undefined>;

/** What records become with these values beside their fields, or instead of those of the same name. */
export type AdditionOf<T, N extends Expressions<never>> = Flat<{ [P in keyof T as Exclude<P, N[number]["name"]>]: T[P] } & ProjectionOf<N>>;
type Flat<R> = { [P in keyof R]: R[P] };

/**
 * The values of named expressions as new records, with the fields in this order. A column by itself is passed on as it is, undefined
 * included; what is computed is null where it has no value.
 *
 * @throws JobError INVALID_ARGUMENT where there is none, one has no name, or two have the same.
 */
export function compileProjection(expressions: NamedExpressions<never>): ProjectionProgram {
  const names = namesOf(expressions);
  const values = expressions.map(compileValue);
  const make = objectMaker<readonly ValueProgram[], unknown>(names);
  const compute = (index: number, computed: readonly ValueProgram[], record: unknown): unknown => computed[index]!.row(record);
  const layout = new BatchLayout(names);
  return {
    row: (record) => make(compute, values, record) as Record<string, unknown>,
    columns: (batch) => withColumns(batch, layout, values.map((value) => value.columns(batch))),
  };
}

/**
 * The fields of a record and the values of named expressions as a new record. A value takes the place of the field of its name; others follow
 * the fields.
 *
 * @throws JobError INVALID_ARGUMENT as `compileProjection` does; when it runs, for records without fields.
 */
export function compileAddition(expressions: NamedExpressions<never>): ProjectionProgram {
  const names = namesOf(expressions);
  const values = expressions.map(compileValue);
  let given: BatchLayout | undefined;
  let made: BatchLayout | undefined;
  return {
    row(record) {
      if (typeof record !== "object" || record === null || Array.isArray(record)) throw withoutFields(record);
      const result: Record<string, unknown> = { ...record };
      for (let index = 0; index < names.length; index += 1) setField(result, names[index]!, values[index]!.row(record));
      return result;
    },
    columns(batch) {
      const fields = batch.layout.names;
      if (fields === undefined) throw withoutFields(batch.rowAt(batch.rowOf(0)));
      if (given !== batch.layout || made === undefined) {
        given = batch.layout;
        made = new BatchLayout([...new Set([...fields, ...names])]);
      }
      const columns: Column[] = batch.columns.slice();
      for (let index = 0; index < names.length; index += 1) columns[made.indexOf(names[index]!)] = values[index]!.columns(batch);
      return withColumns(batch, made, columns);
    },
  };
}

function namesOf(expressions: NamedExpressions<never>): readonly string[] {
  const names = expressions.map(({ name }) => name);
  if (names.length === 0) throw new JobError("INVALID_ARGUMENT", 'a projection needs at least one value, such as columnsOf<Flight>()("delay")');
  for (const [index, name] of names.entries()) {
    if (typeof name !== "string") {
      throw new JobError("INVALID_ARGUMENT", `the value ${String(expressions[index])} of a projection has no name; give it one with .as("…")`);
    }
    if (names.indexOf(name) < index) {
      throw new JobError("INVALID_ARGUMENT", `two values of a projection are called ${show(name)}; give one of them another name with .as("…")`);
    }
  }
  return names;
}

function withColumns({ rowCount, timestamps, watermarks, selection }: ColumnBatch, layout: BatchLayout, columns: readonly Column[]): ColumnBatch {
  return new ColumnBatch({ layout, rowCount, columns, timestamps, watermarks, selection });
}

function withoutFields(record: unknown): JobError {
  return new JobError("INVALID_ARGUMENT", `columns are added to records with fields, but this one is ${show(record)}: make records of it before, with map`);
}
