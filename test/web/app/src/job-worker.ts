import { serveJob } from "tamias/web";
import * as job from "./job.ts";

serveJob(job);
