import process from "node:process";
import { workerData } from "node:worker_threads";
import { portOf } from "../../../core/host/message-port.ts";
import { createNodeHost } from "../../../node/host.ts";
import type { ThreadData } from "../../../node/workers.ts";
import { obey } from "../other-thread.ts";

const host = createNodeHost();
obey(portOf((workerData as ThreadData).port, host.scheduler.post), host, () => process.exit(3));
