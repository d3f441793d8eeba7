import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";

/** Where programs of the system are. */

/** The first of these names that is a program on the PATH, with its folder; undefined: none. */
export function programNamed(...names: readonly string[]): string | undefined {
  for (const name of names) {
    const paths = (process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, name));
    const found = paths.find(isProgram);
    if (found !== undefined) return found;
  }
  return undefined;
}

function isProgram(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What Debian calls the packages that the tests in browsers need, each with a program that shows that it is there. */
export const DEBIAN_PACKAGES: readonly { readonly name: string; readonly program: string }[] = [
  { name: "chromium", program: "chromium" },
  { name: "firefox-esr", program: "firefox-esr" },
  { name: "webkit2gtk-driver", program: "WebKitWebDriver" },
  { name: "xvfb", program: "Xvfb" },
  { name: "xauth", program: "xauth" },
];
