import process from "node:process";
import { NodeCluster } from "tamias/node";
import { cloned } from "./clone-run.ts";
import { boundedMemory, cycles, latency } from "./node-scenarios.ts";
import { type Place, death, shuffle, speedUp, start } from "./scenarios.ts";

/** One scenario in a process of its own: `node node-run.js SCENARIO ARGUMENTS`, both in JSON; prints one line of JSON. */

const PLACE: Place = {
  cluster: (threads, options) => new NodeCluster({ ...options, threads }),
  job: (name) => new URL(`./jobs/${name}${import.meta.url.slice(-3)}`, import.meta.url),
};

const SCENARIOS: Readonly<Record<string, (place: Place, asked: never) => Promise<unknown>>> = {
  speedUp,
  shuffle,
  start,
  death,
  cloned,
  latency,
  cycles,
  boundedMemory,
};

const [name = "", asked = "{}"] = process.argv.slice(2);
const scenario = SCENARIOS[name];
if (scenario === undefined) throw new Error(`there is no scenario "${name}"; there are ${Object.keys(SCENARIOS).join(", ")}`);
console.log(JSON.stringify(await scenario(PLACE, JSON.parse(asked) as never)));
