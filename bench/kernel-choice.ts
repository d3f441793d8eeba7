import { StreamExecutionEnvironment } from "tamias";

/** The kernel's module, or none: then aggregates are computed in JavaScript. */
export type Kernel = Parameters<typeof StreamExecutionEnvironment.setKernel>[0];

/** A new environment whose jobs have this kernel, or none. */
export function environmentWith(kernel: Kernel): ReturnType<typeof StreamExecutionEnvironment.getExecutionEnvironment> {
  StreamExecutionEnvironment.setKernel(kernel);
  return StreamExecutionEnvironment.getExecutionEnvironment();
}
