import { createEdgeWorker } from "tamias/edge";
import * as flights from "../../hosts/jobs/flights.ts";
import * as logAnalysis from "../../hosts/jobs/log-analysis.ts";
import * as randomJob from "../../hosts/jobs/random-job.ts";

/** The jobs that are compared between hosts, at 1 and at 3 at once. A machine that does much besides must not pass for an object that does not answer. */
const edge = createEdgeWorker({ jobs: { flights, "log-analysis": logAnalysis, "random-job": randomJob }, slots: 4, heartbeatTimeoutMs: 60_000 });
export default edge.worker;
export const { JobManagerObject, TaskObject, StorageObject } = edge;
