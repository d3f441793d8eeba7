import type { StreamNode } from "../graph/stream-graph.ts";
import type { Window } from "../windows/time-window.ts";
import { AllWindowedStream } from "./all-windowed-stream.ts";
import { ConnectedStreams, KeyedConnectedStreams } from "./connected-streams.ts";
import { DataStream } from "./data-stream.ts";
import { DataStreamSink } from "./data-stream-sink.ts";
import { KeyedStream } from "./keyed-stream.ts";
import { SingleOutputStreamOperator } from "./single-output-stream-operator.ts";
import type { StreamGraphBuilder, Upstream } from "./stream-graph-builder.ts";
import type { WindowSpec } from "./window-spec.ts";
import { WindowedStream } from "./windowed-stream.ts";

/**
 * Makes handles. A stream makes keyed streams, those make windowed ones, and both make streams again; they reach each other
 * through the graph that they belong to, so that no module has to import the one that imports it.
 */
export interface StreamMakers {
  stream<T>(upstream: Upstream): DataStream<T>;
  operator<T>(graph: StreamGraphBuilder, node: StreamNode): SingleOutputStreamOperator<T>;
  keyed<T, K>(upstream: Upstream): KeyedStream<T, K>;
  connected<A, B>(first: Upstream, second: Upstream): ConnectedStreams<A, B>;
  keyedConnected<A, B, K>(first: Upstream, second: Upstream): KeyedConnectedStreams<A, B, K>;
  windowed<T, K, W extends Window>(upstream: Upstream, spec: WindowSpec): WindowedStream<T, K, W>;
  allWindowed<T, W extends Window>(upstream: Upstream, spec: WindowSpec): AllWindowedStream<T, W>;
  sink<T>(node: StreamNode): DataStreamSink<T>;
}

/** The handles of this API. */
export const STREAM_MAKERS: StreamMakers = {
  stream: (upstream) => new DataStream(upstream),
  operator: (graph, node) => new SingleOutputStreamOperator(graph, node),
  keyed: (upstream) => new KeyedStream(upstream),
  connected: (first, second) => new ConnectedStreams(first, second),
  keyedConnected: (first, second) => new KeyedConnectedStreams(first, second),
  windowed: (upstream, spec) => new WindowedStream(upstream, spec),
  allWindowed: (upstream, spec) => new AllWindowedStream(upstream, spec),
  sink: (node) => new DataStreamSink(node),
};
