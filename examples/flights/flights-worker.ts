/** An edge worker with the flights job. `edge/wrangler.json` configures it, and `npm run edge` serves it on this machine. */
import { createEdgeWorker } from "tamias/edge";
import * as flights from "./pushed-flights-job.ts";

const edge = createEdgeWorker({ jobs: { flights }, slots: 3 });
export default edge.worker;
export const { JobManagerObject, TaskObject, StorageObject } = edge;
