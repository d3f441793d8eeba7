package bench;

/** What the run gave, as bench/tally.ts counts it. One job runs at a time, each sink in one subtask. */
final class Tally {
  static long results;
  static int checksum;
  static long late;
  static long startedNanos;
  static long endedNanos;
  /** Whether to write a line when the first result comes. */
  static boolean saysFirst;

  private Tally() {}

  static void clear() {
    results = 0;
    checksum = 0;
    late = 0;
    startedNanos = 0;
    endedNanos = 0;
  }

  static void add(long timestamp, int first, int second) {
    if (saysFirst && results == 0) System.out.println("first result");
    results += 1;
    int hash = ((int) (timestamp - Event.EPOCH_MS)) * 0x9e3779b1 ^ first * 0x85ebca77 ^ second * 0xc2b2ae3d;
    hash ^= hash >>> 15;
    hash *= 0x27d4eb2f;
    checksum += hash ^ (hash >>> 13);
  }

  static void see(int key, int value) {
    results += 1;
    checksum += key + value;
  }

  static void ended() {
    endedNanos = Math.max(endedNanos, System.nanoTime());
  }
}
