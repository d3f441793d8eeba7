/** How often a run of the laws has come through each of the places where mistakes hide. */
export const PLACES = [
  "late",
  "too late",
  "re-fired",
  "merged",
  "idle",
  "restored in mid-firing",
  "restored with a timer pending",
  "channel out of credit",
  "restored at another parallelism",
] as const;
export type Place = (typeof PLACES)[number];

export type Coverage = Record<Place, number>;

export function noCoverage(): Coverage {
  return Object.fromEntries(PLACES.map((place) => [place, 0])) as Coverage;
}

export function addCoverage(total: Coverage, more: Coverage): void {
  for (const place of PLACES) total[place] += more[place];
}
