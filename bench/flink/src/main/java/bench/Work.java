package bench;

import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;

/** A work as bench/works.ts defines it; its fields come as arguments `name=value`. */
final class Work implements Serializable {
  static final int BOUND_MS = 256;

  final String kind;
  final int keys;
  final boolean hasStringKeys;
  final int eventsPerMs;
  final boolean hasLate;
  final long allowedLatenessMs;
  final long sizeMs;
  final long slideMs;
  final long gapMs;

  Work(String[] arguments) {
    Map<String, String> fields = new HashMap<>();
    for (String argument : arguments) {
      int at = argument.indexOf('=');
      if (0 < at) fields.put(argument.substring(0, at), argument.substring(at + 1));
    }
    kind = fields.get("kind");
    keys = Integer.parseInt(fields.get("keys"));
    hasStringKeys = "string".equals(fields.get("keyKind"));
    eventsPerMs = Integer.parseInt(fields.get("eventsPerMs"));
    hasLate = Boolean.parseBoolean(fields.get("hasLate"));
    allowedLatenessMs = Long.parseLong(fields.get("allowedLatenessMs"));
    sizeMs = Long.parseLong(fields.get("sizeMs"));
    slideMs = Long.parseLong(fields.get("slideMs"));
    gapMs = Long.parseLong(fields.get("gapMs"));
  }
}
