import process from "node:process";
import { aptInstall } from "../apt-get.ts";
import { programNamed } from "../browsers/programs.ts";
import { installMoto } from "./moto.ts";

/** `npm run s3-server`: installs the server of S3 that tests ask, and Python where apt-get is at hand. Does nothing where it is there. */
function main(): number {
  let failure = installMoto();
  if (failure !== undefined && programNamed("apt-get") !== undefined && aptInstall(["python3", "python3-venv"])) failure = installMoto();
  if (failure !== undefined) console.error(failure);
  return failure === undefined ? 0 : 1;
}

process.exitCode = main();
