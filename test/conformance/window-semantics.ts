import type { WindowEmit } from "../../core/operators/window-emitter.ts";
import type { Window } from "../../core/windows/time-window.ts";

/**
 * The texts by which the cases describe functions, as functions. Their expressions are JavaScript over the values at hand, with
 * `sum(values[1])` for the sum of a field over all values; other folds are understood in the same way. A text that says anything
 * else gives undefined, and its case is skipped.
 */

/** A value of a case: plain JSON, mostly a pair of key and number. */
export type CaseValue = unknown;

type Compiled = (...args: readonly unknown[]) => unknown;

/** `reduce (a,b) => [b[0], a[1]+b[1]]` */
export function reducerOf(text: string): ((a: CaseValue, b: CaseValue) => CaseValue) | undefined {
  const [, first, second, body] = /^reduce\s*\(\s*(\w+)\s*,\s*(\w+)\s*\)\s*=>\s*(.+)$/s.exec(text.trim()) ?? [];
  return body === undefined ? undefined : compiled([first!, second!], body);
}

/** `element[0]`, or an arrow function. */
export function keySelectorOf(text: string): ((element: CaseValue) => unknown) | undefined {
  return text.includes("=>") ? arrowOf(text) : compiled(["element"], text);
}

/** `([k,v]) => k==='key1' ? 3000 : 0` */
export function arrowOf(text: string): ((element: CaseValue) => unknown) | undefined {
  const arrow = compiled([], text);
  if (arrow === undefined) return undefined;
  const fn = arrow();
  return typeof fn === "function" ? (element) => (fn as Compiled)(element) : undefined;
}

/** A window function by its text, called as the engine's process functions or plain window functions are. */
export function windowFunctionOf(text: string, isProcess: boolean): WindowEmit<unknown, CaseValue, CaseValue> | undefined {
  const trimmed = text.trim();
  if (trimmed === "emit each accumulated value") return { kind: "values" };
  const emitAll = trimmed === "emit nothing" ? () => [] : emissionsOf(trimmed);
  if (emitAll === undefined) return undefined;
  if (!isProcess) {
    return {
      kind: "apply",
      fn: { apply: (key, window, values, out) => emitAll(key, window, [...values]).forEach((value) => out.collect(value)) },
    };
  }
  return {
    kind: "process",
    fn: {
      process: (key, context, values, out) => emitAll(key, context.window(), [...values]).forEach((value) => out.collect(value)),
    },
  };
}

type Emissions = (key: unknown, window: Window, values: readonly CaseValue[]) => readonly CaseValue[];

/** `window fn (key, window, values) => for each v emit [v[0], window.end]`, or with one `emit` for all values. */
function emissionsOf(text: string): Emissions | undefined {
  const [, parameters, each, body] = /^window fn\s*\(([^)]*)\)\s*=>\s*(?:for each\s+(\w+)\s+)?emit\s+(.+)$/s.exec(text) ?? [];
  if (parameters === undefined || body === undefined) return undefined;
  const names = parameters.split(",").map((name) => name.trim());
  if (!names.every((name) => ["key", "window", "values"].includes(name))) return undefined;
  const expression = compiled(["key", "window", "values", ...(each === undefined ? [] : [each])], body);
  if (expression === undefined) return undefined;
  if (each === undefined) return (key, window, values) => [expression(key, window, values)];
  return (key, window, values) => values.map((value) => expression(key, window, values, value));
}

const FOLDS: { readonly [name: string]: (values: readonly number[]) => number } = {
  sum: (values) => values.reduce((a, b) => a + b, 0),
  min: (values) => Math.min(...values),
  max: (values) => Math.max(...values),
  avg: (values) => values.reduce((a, b) => a + b, 0) / values.length,
  count: (values) => values.length,
};

/**
 * An expression of a case as a function; undefined where it is no expression. The cases are facts that somebody chose to run
 * here, as tests are: their expressions are compiled as code.
 */
function compiled(parameters: readonly string[], expression: string): Compiled | undefined {
  // `sum(values[1])` folds field 1 of every value; `count(values)` the values themselves.
  const folded = expression
    .replace(/\/\/.*$/gm, "")
    .replace(/\b(sum|min|max|avg|count)\(\s*(\w+)\[(\w+)\]\s*\)/g, "$1($2.map((each) => each[$3]))");
  try {
    const body = new Function(...Object.keys(FOLDS), ...parameters, `"use strict"; return (${folded});`) as Compiled;
    return (...args) => body(...Object.values(FOLDS), ...args);
  } catch {
    return undefined;
  }
}
