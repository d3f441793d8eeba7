import { StreamExecutionEnvironment } from "tamias";

const env = StreamExecutionEnvironment.getExecutionEnvironment();
env.fromElements(1, 2, 3).print();
await env.execute();
