/** How outputs of the log analysis are compared where one step of the watermark may release several users' metrics in any order; all else keeps its order. */
export interface ComparableOutputs {
  readonly inOrder: readonly unknown[];
  readonly metrics: readonly string[];
}

export function comparable(outputs: readonly unknown[]): ComparableOutputs {
  const isMetrics = (output: unknown): boolean => (output as { type: string }).type === "metrics";
  return {
    inOrder: outputs.filter((output) => !isMetrics(output)),
    metrics: outputs
      .filter(isMetrics)
      .map((output) => sortedJson(output))
      .sort(),
  };
}

/** JSON whose fields are in the order of their names. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_name, field: unknown) => {
    if (typeof field !== "object" || field === null || Array.isArray(field)) return field;
    return Object.fromEntries(Object.entries(field).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** The values of a text of JSON lines. */
export function readLines(text: string): unknown[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
}
