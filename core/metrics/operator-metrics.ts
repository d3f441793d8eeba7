/** The counters that every operator has; plain fields, because they are touched for every record. */
export class OperatorMetrics {
  recordsIn = 0;
  recordsOut = 0;
  /** Records dropped because every window they belong to was past its drop time, and no side output took them. */
  lateRecordsDropped = 0;
  /** Records that came after their window had fired and were kept. */
  lateRecordsKept = 0;
  /** Firings caused by a late record. */
  refirings = 0;
  /** The last watermark taken; −∞ before the first. */
  currentWatermark = -Infinity;
  /** Bytes of the last snapshot of this operator's state. */
  stateBytes = 0;
  busyMs = 0;
  idleMs = 0;
  backpressuredMs = 0;
}
