/** A broken invariant of Tamias itself. It stops the task; a restart strategy may restart it from its checkpoint. */
export class InvariantViolation extends Error {
  override readonly name = "InvariantViolation";
}

/** Claims something about our own code; on in production too, because wrong output is worse than none. */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new InvariantViolation(claim);
}

/** Marks a branch that the types rule out. */
export function unreachable(value: never): never {
  throw new InvariantViolation(`unreachable value: ${String(value)}`);
}
