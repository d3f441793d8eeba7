import { codecs } from "../data/coded-type.ts";
import { dynamicType } from "../data/dynamic-type.ts";
import type { JobVertex } from "../graph/job-graph.ts";
import { assert } from "../lib/assert.ts";
import type { ToEnumerator, ToReader } from "../operators/source-protocol.ts";
import type { Type } from "../data/type.ts";
import type { ToEnumeratorData, ToReaderData } from "./protocol.ts";

/** What readers and enumerator say to each other, as it crosses between threads: values as bytes, so that they are what a restore would give. */

export function toReaderData(vertex: JobVertex, message: ToReader): ToReaderData {
  const { encodeValue } = codecs.module;
  switch (message.kind) {
    case "add-splits":
      return { kind: "add-splits", splits: message.splits.map((split) => encodeValue(splitType(vertex), split)) };
    case "event":
      return { kind: "event", event: encodeValue(dynamicType, message.event) };
    default:
      return message;
  }
}

export function toReader(vertex: JobVertex, message: ToReaderData): ToReader {
  const { decodeValue } = codecs.module;
  switch (message.kind) {
    case "add-splits":
      return { kind: "add-splits", splits: message.splits.map((bytes) => decodeValue(splitType(vertex), bytes)) };
    case "event":
      return { kind: "event", event: decodeValue(dynamicType, message.event) };
    default:
      return message;
  }
}

export function toEnumeratorData(message: ToEnumerator): ToEnumeratorData {
  return message.kind === "event" ? { kind: "event", event: codecs.module.encodeValue(dynamicType, message.event) } : message;
}

export function toEnumerator(message: ToEnumeratorData): ToEnumerator {
  return message.kind === "event" ? { kind: "event", event: codecs.module.decodeValue(dynamicType, message.event) } : message;
}

function splitType({ operators }: JobVertex): Type<unknown> {
  const { enumerator } = operators[0]!.node;
  assert(enumerator !== undefined, "only sources get splits");
  return enumerator.source.splitType;
}
