// Recomputes what examples/flights.ts must report, in the plainest way and with no code of the project:
//   node test/examples/recount-flights.mjs FILE.parquet|FILE.json
// Prints one JSON object. The final result of a pane (origin, hour) is that of its last firing; `results.sha256` is over the
// lines `origin hour flights mean worst\n` in order of origin, then hour (= floor(ms / 3600000)).
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";
import { compressors } from "hyparquet-compressors";

const file = process.argv[2];
const fromText = (date) => Date.parse(`${date.replaceAll("/", "-").replace(" ", "T")}Z`);
const rows = file.endsWith(".json")
  ? JSON.parse(readFileSync(file, "utf8")).map((row) => ({ ...row, date: fromText(row.date) }))
  : (await parquetReadObjects({ file: await asyncBufferFromFile(file), compressors }))
      .map((row) => ({ date: row.date.getTime(), delay: Number(row.delay), origin: row.origin }));

const arrival = (row) => row.date + row.delay * 60000;
rows.forEach((row, number) => { row.number = number; });
rows.sort((a, b) => arrival(a) - arrival(b) || a.number - b.number);

const hour = 3600000;
const panes = new Map();
let [watermark, lateKept, sideOutput, wrongHour] = [-Infinity, 0, 0, 0];
for (const row of rows) {
  const last = Math.floor(row.date / hour) * hour + hour - 1;
  if (Math.floor(row.date / hour) !== Math.floor(arrival(row) / hour)) wrongHour++;
  if (last + hour <= watermark) {
    sideOutput++;
  } else {
    if (last <= watermark) lateKept++;
    const key = `${row.origin} ${Math.floor(row.date / hour)}`;
    const pane = panes.get(key) ?? { flights: 0, sum: 0, worst: -Infinity };
    panes.set(key, { flights: pane.flights + 1, sum: pane.sum + row.delay, worst: Math.max(pane.worst, row.delay) });
  }
  watermark = Math.max(watermark, row.date - 30 * 60000 - 1);
}

const byOriginAndHour = ([a], [b]) => (a.split(" ")[0] === b.split(" ")[0] ? a.split(" ")[1] - b.split(" ")[1] : a < b ? -1 : 1);
const lineOf = ([key, pane]) => `${key} ${pane.flights} ${pane.sum / pane.flights} ${pane.worst}\n`;
const lines = [...panes].sort(byOriginAndHour).map(lineOf);
const sha256 = createHash("sha256").update(lines.join("")).digest("hex");
// Every late record that is kept fires its pane at once, and nothing else re-fires.
const counts = { records: rows.length, windows: panes.size, refirings: lateKept, lateKept, sideOutput, wrongHour };
console.log(JSON.stringify({ ...counts, results: { sha256, first: lines[0].trim(), last: lines.at(-1).trim() } }));
