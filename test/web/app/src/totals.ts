import type { ClusterJobClient } from "tamias";

/** What the job gives, in one order, and what computes its windows. */
export interface Totals {
  readonly rows: readonly string[];
  readonly kernel: string;
}

export const ARGS = { readings: 5_000 };

export async function totalsOf(client: Pick<ClusterJobClient, "results" | "explain" | "result">): Promise<Totals> {
  const [, kernel = ""] = /kernel: +(\w+)/.exec(await client.explain()) ?? [];
  const rows: string[] = [];
  for await (const batch of client.results<object>("totals")) rows.push(...batch.map((row) => JSON.stringify(row)));
  await client.result();
  return { rows: rows.sort(), kernel };
}
