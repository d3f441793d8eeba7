import { StreamExecutionEnvironment } from "tamias";
import type { Environment } from "./windowed-job.ts";

/** A new environment whose jobs have this kernel, or none: then aggregates are computed in JavaScript. */
export function environmentWith(kernel: Parameters<typeof StreamExecutionEnvironment.setKernel>[0]): Environment {
  StreamExecutionEnvironment.setKernel(kernel);
  return StreamExecutionEnvironment.getExecutionEnvironment();
}
