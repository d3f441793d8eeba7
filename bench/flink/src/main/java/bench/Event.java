package bench;

/** One event. A POJO for Flink's serializers; with object reuse on, one object stands for many events. */
public class Event {
  static final long EPOCH_MS = 1_767_225_600_000L;
  private static final int LATE_MS_MIN = 1_280;

  public int key;
  /** Only where the work has string keys. */
  public String name;
  public int value;
  public long time;

  /** Becomes the event of this index: the formula of bench/events.ts. */
  void become(int index, Work work, String[] names) {
    int bits = (index + 1) * 0x9e3779b1;
    bits ^= bits >>> 15;
    bits *= 0x85ebca77;
    bits ^= bits >>> 13;
    key = (bits >>> 1) % work.keys;
    if (names != null) name = names[key];
    value = (bits >>> 8) & 0x3ff;
    time = EPOCH_MS + index / work.eventsPerMs - delay(bits, work.hasLate);
  }

  private static int delay(int bits, boolean hasLate) {
    if (hasLate && ((bits * 0xc2b2ae3d) >>> 8) % 100 < 15) return LATE_MS_MIN + (bits & 0x3ff);
    return bits >>> 24;
  }
}
