import { loadParts } from "../core/lib/part.ts";
import { ALL_PARTS } from "../core/testing/all-parts.ts";

/** Tests make operators and jobs without an executor, which would load what they need. */
await loadParts(ALL_PARTS);
