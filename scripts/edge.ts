import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { flightsFile, loadFlights } from "../examples/flights/flights-input.ts";
import { ROOT } from "./type-check.ts";
import { serveWorker } from "./workerd.ts";

/** `npm run edge [-- --port 8787]`: serves the flights job in workerd, to this machine only and without a secret, and says how it is fed. */
async function main(): Promise<void> {
  const { port } = parseArgs({ options: { port: { type: "string", default: "8787" } } }).values;
  const [flights, count] = await writeFlights();
  // So that the server is ended with this process.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit());
  const { origin } = await serveWorker(join(ROOT, "edge", "wrangler.json"), { port: Number(port), vars: { TAMIAS_MODE: "dev" } });
  console.log(`The flights job, at ${origin}. In another terminal, submit it:

  job=${origin}$(curl -s -o /dev/null -w '%header{location}' ${origin}/jobs --json '{"module": "flights"}')

watch the delays of each airport and hour:

  curl -sN $job/results

and, in a third one with the same $job, send it ${count.toLocaleString("en")} flights in the order in which they left:

  curl -s $job/events -H 'content-type: application/x-ndjson' --data-binary @${flights}

Ctrl-C ends all of it.`);
}

/** As lines of JSON, where nobody minds. */
async function writeFlights(): Promise<[path: string, count: number]> {
  const flights = await loadFlights(flightsFile("flights-20k.json"));
  const file = join(ROOT, ".cache", "edge", "flights.jsonl");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, Array.from(flights, (flight) => `${JSON.stringify(flight)}\n`).join(""));
  return [relative(process.cwd(), file), flights.length];
}

await main();
