import * as fc from "fast-check";
import { expect, test } from "vitest";
import { keyId } from "../../core/data/key.ts";
import { Prng } from "../../core/lib/prng.ts";
import type { PanesKind } from "../../core/operators/window-parts.ts";
import { keyGroupOf, subtaskOf } from "../../core/state/key-groups.ts";
import { type HarnessSnapshot, OperatorHarness } from "../../core/testing/operator-harness.ts";
import { checkLaw } from "./law.ts";
import { type Emit, MAX_PARALLELISM, type Model } from "./models.ts";
import { keyOfRow, type Row } from "./rows.ts";
import { LATE, SIDE } from "./stage-functions.ts";
import { cases, type Element, elements, factoryOf, rowOf, show } from "./window-case.ts";
import { windowing } from "./window-model.ts";

/** What comes to so many subtasks before they become others. */
interface Phase {
  readonly parallelism: number;
  readonly elements: readonly Element[];
  /** Whether each watermark comes to one subtask alone, so that they stand at different ones. */
  readonly apart: boolean;
}

const phase: fc.Arbitrary<Phase> = fc.record({ parallelism: fc.integer({ min: 1, max: 4 }), elements, apart: fc.boolean() });

type Case = readonly [typeof cases extends fc.Arbitrary<infer C> ? C : never, readonly Phase[]];

const rescaled: fc.Arbitrary<Case> = fc.tuple(cases, fc.array(phase, { minLength: 2, maxLength: 4 }));

/** One model for each key, at the watermark of whichever subtask has the key. */
class Models {
  readonly outputs: string[] = [];
  readonly #given: Case[0];
  readonly #models = new Map<number, { readonly model: Model; readonly group: number; watermark: number }>();

  constructor(given: Case[0]) {
    this.#given = given;
  }

  row(row: Row, group: number, watermark: number): void {
    let known = this.#models.get(row.key);
    if (known === undefined) {
      // Whatever its key group has seen, the subtask has.
      known = { model: windowing(this.#given.spec, this.#given.form)(), group, watermark: -Infinity };
      this.#models.set(row.key, known);
      if (-Infinity < watermark) this.#advance(known, watermark);
    }
    known.model.record(0, row, row.time, this.#emit);
  }

  watermark(watermark: number, isOwn: (group: number) => boolean): void {
    for (const known of this.#models.values()) if (isOwn(known.group)) this.#advance(known, watermark);
  }

  #advance(known: { readonly model: Model; watermark: number }, watermark: number): void {
    if (watermark <= known.watermark) return;
    known.watermark = watermark;
    known.model.watermark(watermark, this.#emit);
  }

  readonly #emit: Emit = Object.assign((row: Row, timestamp: number, port = ""): void => void this.outputs.push(`${port}|${JSON.stringify(row)}@${timestamp}`), { watermark: () => {} });
}

/** The subtasks of one operator, which become others. */
class Subtasks {
  readonly outputs: string[] = [];
  readonly #given: Case[0];
  readonly #prng: Prng;
  #harnesses: readonly OperatorHarness[] = [];
  #checkpointId = 0;

  constructor(given: Case[0], prng: Prng) {
    this.#given = given;
    this.#prng = prng;
  }

  become(parallelism: number): void {
    this.#checkpointId += 1;
    const snapshots: readonly HarnessSnapshot[] = this.#harnesses.map((harness) => harness.snapshot(this.#checkpointId));
    this.#harnesses = Array.from({ length: parallelism }, (_, subtask) => {
      const factory = factoryOf(this.#given, this.#prng.pick<PanesKind>(["heap", "keyed"]));
      const options = { parallelism, subtask, continueBudget: 1 + this.#prng.int(3), sideOutputs: [LATE, SIDE] };
      const harness = snapshots.length === 0 ? new OperatorHarness(factory, options) : OperatorHarness.restore(factory, snapshots, options);
      harness.open();
      return harness;
    });
    for (const harness of this.#harnesses) this.#take(harness);
  }

  /** What was suspended goes on, maybe not to the end, if nothing else comes behind. */
  give(subtask: number, call: (harness: OperatorHarness) => void): void {
    const harness = this.#harnesses[subtask]!;
    while (harness.isSuspended) harness.resume();
    call(harness);
    this.#take(harness);
  }

  finish(): void {
    for (const harness of this.#harnesses) {
      while (harness.isSuspended) harness.resume();
      this.#take(harness);
    }
  }

  #take(harness: OperatorHarness): void {
    for (const output of harness.takeOutput()) if (output.kind === "record") this.outputs.push(show(output));
  }
}

test("window operators at other parallelisms go on where each key group stood: nothing is lost, nothing fires twice, late is late", () => {
  checkLaw("rescaling of one operator", rescaled, 600, ([given, phases]) => {
    const prng = new Prng(given.seed);
    const models = new Models(given);
    const subtasks = new Subtasks(given, prng);
    const keyOf = keyOfRow(given.form);
    /** By key group. */
    const watermarks = new Map<number, number>();
    let id = 0;
    const last: Phase = { ...phases.at(-1)!, elements: [{ kind: "watermark", time: Infinity }], apart: false };
    for (const { parallelism, elements: given, apart } of [...phases, last]) {
      subtasks.become(parallelism);
      const ownerOf = (group: number): number => subtaskOf(group, parallelism, MAX_PARALLELISM);
      for (const element of given) {
        id += 1;
        if (element.kind === "row") {
          const row = rowOf(element, id);
          const group = keyGroupOf(keyId(keyOf(row)), MAX_PARALLELISM);
          models.row(row, group, watermarks.get(group) ?? -Infinity);
          subtasks.give(ownerOf(group), (harness) => harness.element(row, row.time));
          continue;
        }
        const only = apart ? prng.int(parallelism) : undefined;
        const isTold = (group: number): boolean => only === undefined || ownerOf(group) === only;
        for (let group = 0; group < MAX_PARALLELISM; group += 1) {
          if (isTold(group)) watermarks.set(group, Math.max(watermarks.get(group) ?? -Infinity, element.time));
        }
        models.watermark(element.time, isTold);
        for (let subtask = 0; subtask < parallelism; subtask += 1) {
          if (only === undefined || only === subtask) subtasks.give(subtask, (harness) => harness.watermark(element.time));
        }
      }
    }
    subtasks.finish();
    expect([...subtasks.outputs].sort()).toEqual([...models.outputs].sort());
  });
});
