import { loadKernelModule } from "tamias/edge";
import { environmentWith } from "../../web/pages/environment.ts";
import { windowedJob } from "../../web/pages/windowed-job.ts";

/** Runs the job with the kernel (`?kernel=wasm`) or without. */
export default {
  async fetch(request: Request): Promise<Response> {
    const kernel = new URL(request.url).searchParams.get("kernel") === "wasm" ? loadKernelModule() : undefined;
    return Response.json(await windowedJob(() => environmentWith(kernel)));
  },
};
