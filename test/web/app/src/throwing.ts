import type { StreamExecutionEnvironment } from "tamias";

const settings = JSON.parse('{"regions":null}') as { readonly regions: { readonly all: number[] } };
export const regions = settings.regions.all;

export function job(env: StreamExecutionEnvironment): void {
  env.fromElements(...regions).print();
}
