import { StreamExecutionEnvironment } from "tamias";

// A script, and no job module: it runs its job where it is imported.
const env = StreamExecutionEnvironment.getExecutionEnvironment();
env.fromElements(1, 2, 3).print();
await env.execute();
