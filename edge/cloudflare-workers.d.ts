/** What this package needs of the module that the platform of edge workers brings. */
declare module "cloudflare:workers" {
  /** What is bound to the worker. */
  export const env: unknown;

  /** Objects whose class extends it take calls of their methods from other objects and workers. */
  export class DurableObject<Env = unknown> {
    protected readonly ctx: import("./durable-object.ts").ObjectState;
    protected readonly env: Env;
    constructor(ctx: import("./durable-object.ts").ObjectState, env: Env);
    fetch?(request: Request): Promise<Response>;
  }
}
