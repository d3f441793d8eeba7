import { NodeCluster } from "tamias/node";
import { ARGS, totalsOf } from "./totals.ts";

/** Threads that are idle do not keep the process: it ends without closing the cluster. */
const cluster = new NodeCluster({ threads: 2 });
const client = await cluster.submit(new URL("./job.ts", import.meta.url), ARGS);
console.log(JSON.stringify(await totalsOf(client)));
