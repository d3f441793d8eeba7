import { assert } from "./assert.ts";

/**
 * Code that some jobs need and others do not. Whoever runs a job loads what its graph names before it makes any of its operators, so that what runs finds
 * `module` there and never waits. Bundlers that split make a file of each part, which a page loads with the first job that needs it.
 *
 * Parts that are loaded are so for the whole program, as modules are.
 */
export class Part<out Module> {
  readonly #import: () => Promise<Module>;
  #module: Module | undefined;

  constructor(importModule: () => Promise<Module>) {
    this.#import = importModule;
  }

  get isLoaded(): boolean {
    return this.#module !== undefined;
  }

  get module(): Module {
    assert(this.#module !== undefined, "what runs a job has loaded the parts that the job's operators name");
    return this.#module;
  }

  /** Rejects as `import()` does where the module cannot be had; then the next call tries again. */
  async load(): Promise<void> {
    this.#module ??= await this.#import();
  }
}

/** Waits for all of them. */
export async function loadParts(parts: Iterable<Part<unknown>>): Promise<void> {
  await Promise.all(Array.from(parts, (part) => part.load()));
}
