import { writeSync } from "node:fs";
import process from "node:process";
import { openFileStorage } from "../../../node/file-storage.ts";

/** Writes value after value and says the name of each that is written, until it is killed: `URL FOLDER LENGTH`. All bytes of a value are its number. */
const [url = "", folder = "", length = ""] = process.argv.slice(2);
const storage = openFileStorage(url);
for (let number = 1; ; number += 1) {
  await storage.putIfAbsent(`${folder}/${number}`, new Uint8Array(Number(length)).fill(number));
  writeSync(1, `${folder}/${number}\n`);
}
