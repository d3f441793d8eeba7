import { writeSync } from "node:fs";
import process from "node:process";
import { openFileStorage } from "../../../node/file-storage.ts";
import { randomBytes } from "../../host/storage.case.ts";

/** Writes value after value and says the name of each that is written, until it is killed: `URL FOLDER LENGTH`. The seed of a value is its number. */
const [url = "", folder = "", length = ""] = process.argv.slice(2);
const storage = openFileStorage(url);
for (let number = 1; ; number += 1) {
  await storage.putIfAbsent(`${folder}/${number}`, randomBytes(Number(length), number));
  writeSync(1, `${folder}/${number}\n`);
}
