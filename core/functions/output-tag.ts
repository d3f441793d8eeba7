import { JobError } from "../lib/errors.ts";

/**
 * Names a side output and carries the type of its records.
 *
 * @example
 * ```ts
 * const late = new OutputTag<Reading>("late");
 * ```
 */
export class OutputTag<T> {
  readonly id: string;
  declare readonly recordType?: (record: T) => T;

  /** @throws JobError INVALID_ARGUMENT when the id is empty. */
  constructor(id: string) {
    if (id === "") throw new JobError("INVALID_ARGUMENT", "an OutputTag needs a non-empty id");
    this.id = id;
  }
}
