import {
  EventTimeSessionWindows,
  milliseconds,
  SlidingEventTimeWindows,
  type TimeWindow,
  TumblingEventTimeWindows,
  type WindowAssigner,
} from "tamias";

/** Windows of event time, as data. */
export type TimeWindowSpec =
  | { readonly kind: "tumbling"; readonly sizeMs: number; readonly offsetMs: number }
  | { readonly kind: "sliding"; readonly sizeMs: number; readonly slideMs: number; readonly offsetMs: number }
  | { readonly kind: "session"; readonly gapMs: number };

export function timeWindowsOf(spec: TimeWindowSpec): WindowAssigner<unknown, TimeWindow> {
  switch (spec.kind) {
    case "tumbling":
      return TumblingEventTimeWindows.of(milliseconds(spec.sizeMs), milliseconds(spec.offsetMs));
    case "sliding":
      return SlidingEventTimeWindows.of(milliseconds(spec.sizeMs), milliseconds(spec.slideMs), milliseconds(spec.offsetMs));
    case "session":
      return EventTimeSessionWindows.withGap(milliseconds(spec.gapMs));
  }
}
