import { portOf } from "../../../core/host/message-port.ts";
import { createWebHost } from "../../../web/host.ts";
import { whenStarted } from "../../../web/worker-start.ts";
import { obey } from "../../host/other-thread.ts";

const host = createWebHost();
whenStarted((port) => obey(portOf(port, host.scheduler.post), host, close));
