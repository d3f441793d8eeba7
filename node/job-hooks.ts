import { registerHooks } from "node:module";

/**
 * Two things of importing that a job should not have to know: "tamias" is the package that runs it, wherever the job lies, because
 * two copies of the engine do not know each other's classes; and a TypeScript file is an ES module, whatever the package.json above
 * it says or leaves out.
 */
export function registerJobHooks(): void {
  registerHooks({
    resolve: (specifier, context, nextResolve) => {
      if (specifier === "tamias" || specifier.startsWith("tamias/"))
        return nextResolve(specifier, { ...context, parentURL: import.meta.url });
      const resolved = nextResolve(specifier, context);
      const isJobSource =
        resolved.url.startsWith("file:") && resolved.url.endsWith(".ts") && !resolved.url.includes("/node_modules/");
      return isJobSource ? { ...resolved, format: "module-typescript" } : resolved;
    },
  });
}
