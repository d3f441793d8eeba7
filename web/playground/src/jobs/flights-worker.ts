import { serveJob } from "tamias/web";
import * as flightsJob from "./flights-job.ts";

/** A worker of the cluster: job and engine are one program. */
serveJob(flightsJob);
