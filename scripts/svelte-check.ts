import { createRequire, registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import process from "node:process";

/**
 * Checks the types of Svelte components, their templates included. The checker needs a compiler with a JavaScript API, which TypeScript 7 has not: it gets the last
 * version that has, by the name under which package.json brings it. Everything else is checked with the newer one.
 */
const require = createRequire(import.meta.url);
registerHooks({
  resolve: (specifier, context, next) => next(specifier.replace(/^typescript(?=$|\/)/, "typescript-6"), context),
});
process.chdir(fileURLToPath(new URL("..", import.meta.url)));
process.argv.push("--workspace", "web/playground", "--tsconfig", "../../tsconfig.playground.json", "--config", "vite.config.ts", "--fail-on-warnings", "--output", "human");
require("svelte-check/dist/src/index.js");
