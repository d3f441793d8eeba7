import * as fc from "fast-check";
import { types, type Type } from "../../core/data/type.ts";
import type { OperatorFactory } from "../../core/operators/operator.ts";
import type { WindowEmit } from "../../core/operators/window-emitter.ts";
import { windowFactory } from "../../core/operators/window-factory.ts";
import type { PanesKind } from "../../core/operators/window-parts.ts";
import type { HarnessOutput } from "../../core/testing/operator-harness.ts";
import { aggregatePane, listPane, reducePane, type WindowContents } from "../../core/windows/pane-functions.ts";
import { windows, type WindowSpec } from "./job-spec.ts";
import { KEY_FORMS, keyOfRow, type KeyForm, type Row } from "./rows.ts";
import { FOLD, LATE, reduceRows, WindowTeller } from "./stage-functions.ts";
import { assignerOf, isSession, tellerOfRows } from "./stage-streams.ts";

/** A window operator by itself, and what it is fed: rows, and watermarks anywhere between them. */
export interface OperatorCase {
  readonly spec: WindowSpec;
  readonly form: KeyForm;
  readonly elements: readonly Element[];
  /** Where it stops, where it is restored, and on which panes it goes on. */
  readonly seed: number;
}

export type Element = { readonly kind: "row"; readonly key: number; readonly time: number; readonly value: number } | { readonly kind: "watermark"; readonly time: number };

/** Any rows, and watermarks that need not rise. */
export const elements: fc.Arbitrary<readonly Element[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant("row" as const), key: fc.integer({ min: 0, max: 6 }), time: fc.integer({ min: -20, max: 200 }), value: fc.integer({ min: 0, max: 20 }) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("watermark" as const), time: fc.integer({ min: -20, max: 200 }) }) },
  ),
  { maxLength: 50, size: "max" },
);

export const cases: fc.Arbitrary<OperatorCase> = fc.record({
  spec: windows.filter(({ assigner, contents }) => assigner.kind !== "clock" && (contents === "list" || contents === "reduce" || contents === "fold")),
  form: fc.constantFrom(...KEY_FORMS),
  elements,
  seed: fc.nat(),
});

export function factoryOf({ spec, form }: Pick<OperatorCase, "spec" | "form">, panes: PanesKind): OperatorFactory {
  const { assigner, latenessMs, sideOutput } = spec;
  const remembers = spec.remembers && !isSession(assigner);
  const common = { keyOf: keyOfRow(form), assigner: assignerOf(assigner), allowedLatenessMs: latenessMs, lateTag: sideOutput ? LATE : undefined, panes };
  const make = <Contents, V>(contents: WindowContents<Row, Contents, V>, emit: WindowEmit<unknown, V, Row>): OperatorFactory =>
    windowFactory<Row, unknown, Contents, V, Row>({ ...common, contents, contentsType: types.dynamic as Type<unknown> as Type<Contents>, emit });
  switch (spec.contents) {
    case "list":
      return make(listPane<Row>(), { kind: "process", fn: tellerOfRows(remembers) });
    case "reduce":
      return make(reducePane<Row>({ reduce: reduceRows }), { kind: "values" } as WindowEmit<unknown, Row, Row>);
    default:
      return make(aggregatePane(FOLD), {
        kind: "process",
        fn: new WindowTeller<Row>(remembers, ([row]) => ({ key: row!.key, value: row!.value, text: row!.note })),
      });
  }
}

export function rowOf({ key, time, value }: Extract<Element, { readonly kind: "row" }>, id: number): Row {
  return { id, key, time, value, note: String(id) };
}

export function show(output: HarnessOutput): string {
  if (output.kind !== "record") return output.kind === "watermark" ? `watermark ${output.watermark}` : `idle ${output.idle}`;
  return `${output.sideOutput ?? ""}|${JSON.stringify(output.value)}@${output.timestamp}`;
}
