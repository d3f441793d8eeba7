import { WebCluster } from "tamias/web";
import { type Place, death, speedUp, start } from "./scenarios.ts";

/** One scenario in a page of a browser: `?scenario=…&asked=…`. What it found comes as `globalThis.outcome`. */

const PLACE: Place = {
  cluster: (workers, options) => new WebCluster({ ...options, workers }),
  job: (name) => new URL(`/jobs/${name}.js`, location.origin),
};

const SCENARIOS: Readonly<Record<string, (place: Place, asked: never) => Promise<unknown>>> = { speedUp, start, death };

function main(query: URLSearchParams): Promise<unknown> {
  const name = query.get("scenario") ?? "";
  const scenario = SCENARIOS[name];
  if (scenario === undefined) throw new Error(`there is no scenario "${name}"`);
  return scenario(PLACE, JSON.parse(query.get("asked") ?? "{}") as never);
}

Object.assign(globalThis, { outcome: main(new URLSearchParams(location.search)) });
