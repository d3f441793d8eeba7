/**
 * What jobs and operators are tested with: one operator with manual clocks, a host whose clock is virtual and whose order follows a seed, and checkpoints
 * that a test decides on.
 */
import { loadParts } from "../lib/part.ts";
import { ALL_PARTS } from "./all-parts.ts";

export { OperatorHarness, type HarnessOutput, type HarnessSnapshot, type OperatorHarnessOptions } from "./operator-harness.ts";
export { operatorOf } from "./operator-of.ts";
export { SimulatedHost, type SimulatedHostOptions } from "./simulated-host.ts";
export { SimulatedCluster, type SimulatedClusterOptions, type SimulatedJob } from "./simulated-cluster.ts";
export { SimulatedDisk, type SimulatedDiskOptions, type StorageCall, type StorageFault } from "./simulated-disk.ts";
export { SimulatedMachine } from "./simulated-machine.ts";
export { CheckpointDriver, MemoryParts } from "./checkpoint-driver.ts";
export { LocalExecutor, type LocalExecutorOptions } from "../runtime/local-executor.ts";
export { LocalJob, type JobOutcome, type LocalJobOptions, type RestorePoint } from "../runtime/local-job.ts";
export { buildJobGraph, type JobGraph } from "../graph/job-graph.ts";

// What is made here runs without an executor, which would load what it needs.
await loadParts(ALL_PARTS);
