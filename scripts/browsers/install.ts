import process from "node:process";
import { aptInstall } from "../apt-get.ts";
import { DEBIAN_PACKAGES, programNamed } from "./programs.ts";

/**
 * `npm run browsers`: installs the browsers that tests and benchmark drive, where apt-get is at hand. Does nothing where all are
 * there.
 */
function main(): number {
  const missing = DEBIAN_PACKAGES.filter(({ program }) => programNamed(program) === undefined).map(({ name }) => name);
  if (missing.length === 0) return 0;
  if (programNamed("apt-get") === undefined) {
    const names = missing.join(", ");
    console.error(`there is no apt-get here to install ${names}; "npx playwright-core install" brings browsers of its own`);
    return 1;
  }
  return aptInstall(missing) ? 0 : 1;
}

process.exitCode = main();
