import { runAssignerCase } from "./assigner-cases.ts";
import { type CaseKind, arrayKind, notBuiltYet } from "./case-kind.ts";
import { keyGroupCases } from "./key-group-cases.ts";
import { runMergingWindowSetCase } from "./merging-window-set-cases.ts";
import { runOtherOperatorCase } from "./other-operator-cases.ts";
import { runWatermarkValveCase } from "./watermark-valve-cases.ts";
import { runWindowOperatorCase } from "./window-operator-cases.ts";

/** Every kind of file that conformance cases come in. What is built replaces its `notBuiltYet` by `arrayKind(name, run)`. */
export const CASE_KINDS: readonly CaseKind[] = [
  arrayKind("assigners", runAssignerCase),
  arrayKind("watermark_valve", runWatermarkValveCase),
  arrayKind("merging_window_set", runMergingWindowSetCase),
  { name: "keygroups_and_hash", casesOf: (content) => keyGroupCases(content as Parameters<typeof keyGroupCases>[0]) },
  arrayKind("window_operator", runWindowOperatorCase),
  notBuiltYet("triggers", "public triggers are"),
  notBuiltYet("interval_join", "interval joins are"),
  arrayKind("other_operators", runOtherOperatorCase),
  notBuiltYet("state_ttl", "state TTL is"),
  notBuiltYet("malformed_patterns", "CEP is"),
  notBuiltYet("operator_traces", "CEP is"),
  notBuiltYet("cases", "CEP is"),
];
