import { serveJobs } from "./serve-job.ts";

/** The script of a worker where nothing is bundled: jobs come from their addresses. */
serveJobs((module) => import(module));
