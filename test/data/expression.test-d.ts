import { compileFilter } from "../../core/data/expression-program.ts";
import { compileProjection, type ProjectionOf } from "../../core/data/expression-projection.ts";
import { columnsOf, type Expression, literal } from "../../core/data/expression.ts";

/** Checked by the compiler alone: names, kinds and nulls of expressions come from the type of the records. */

interface Flight {
  readonly carrier: "AA" | "DL";
  readonly delay: number | null;
  readonly distance: number;
  readonly tail?: string;
  readonly canceled: boolean;
  readonly bytes: bigint;
  readonly stops: readonly string[];
}

type Equal<A, B> = (<X>() => X extends A ? 1 : 2) extends <X>() => X extends B ? 1 : 2 ? true : false;
type ValueOf<E> = E extends Expression<never, infer V, string | undefined> ? V : never;

function is<T extends true>(): T | undefined {
  return undefined;
}

const col = columnsOf<Flight>();

export function valuesAndNulls(): void {
  const sum = col("delay").plus(1);
  is<Equal<ValueOf<typeof sum>, number | null>>();
  const double = col("distance").times(col("distance"));
  is<Equal<ValueOf<typeof double>, number>>();
  const integer = col("bytes").dividedBy(8n);
  is<Equal<ValueOf<typeof integer>, bigint>>();
  const late = col("delay").gt(30).and(col("carrier").eq("AA"));
  is<Equal<ValueOf<typeof late>, boolean | null>>();
  const long = col("distance").ge(1_000).or(col("canceled").not());
  is<Equal<ValueOf<typeof long>, boolean>>();
  const known = col("tail").isNotNull();
  is<Equal<ValueOf<typeof known>, boolean>>();
  const projection = [col("carrier"), sum.as("sum")] as const;
  is<Equal<ProjectionOf<typeof projection>, { carrier: "AA" | "DL"; sum: number | null }>>();
  compileFilter(late);
  compileProjection(projection);
  col("carrier").eq("some other string");
  col("tail").lt(col("carrier"));
  compileFilter<Flight>(literal(5).lt(col("delay")));
  // What asks less of its records takes more of them.
  const narrow: Expression<Flight & { readonly seats: number }, boolean | null> = late;
  compileFilter<Flight & { readonly seats: number }>(narrow);
}

export function mistakes(): void {
  // @ts-expect-error there is no such field
  col("dlay");
  // @ts-expect-error a number is not compared with a string
  col("delay").gt("30");
  // @ts-expect-error numbers and bigints are never mixed
  col("bytes").plus(1);
  // @ts-expect-error nor are their columns
  col("bytes").lt(col("distance"));
  // @ts-expect-error a string has no arithmetic
  col("carrier").plus("x");
  // @ts-expect-error booleans have no order
  col("canceled").lt(true);
  // @ts-expect-error logic takes booleans
  col("distance").and(true);
  // @ts-expect-error a list is not compared
  col("stops").eq("x");
  // @ts-expect-error a number is no condition
  compileFilter(col("distance"));
  // @ts-expect-error what is computed needs a name
  compileProjection([col("delay").plus(1)]);
  // @ts-expect-error these records have no such field
  compileFilter<{ readonly delay: number }>(col("distance").gt(1));
  // @ts-expect-error the records of the other column are of another type
  col("distance").lt(columnsOf<{ other: number }>()("other"));
}
