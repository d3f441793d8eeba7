export { loadKernelModule } from "./kernel-module.ts";
