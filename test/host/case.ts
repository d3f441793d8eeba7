import type { Host, Port } from "../../core/host/host.ts";

/** A host under test, and how what it is asked to do is waited for. */
export interface HostUnderTest {
  readonly host: Host;
  /** Resolves when this is so, or when it takes so long that it will never be. */
  until(condition: () => boolean): Promise<void>;
  /** Resolves when what must not happen would have happened. */
  settle(): Promise<void>;
  /** Whether jobs of one caller may be run in another order than they were posted, and timers wait until no job is left. */
  readonly isSimulated?: boolean;
  /** Whether the clock shows the same time all along. */
  readonly clockStands?: boolean;
}

/** What hosts promise: what comes of a run must equal what is expected. It is data, so that the cases can be run on a page and compared outside of it. */
export interface Case<Under> {
  readonly title: string;
  readonly expected: unknown;
  run(under: Under): Promise<unknown>;
}

/** Who waits for what happens. */
export class Log {
  readonly entries: unknown[] = [];
  readonly #until: HostUnderTest["until"];

  constructor(until: HostUnderTest["until"]) {
    this.#until = until;
  }

  readonly note = (entry: unknown): void => void this.entries.push(entry);

  /** Notes what comes on a port, and its close, each behind the name. */
  readonly listen = (port: Port, name: string): void => port.listen((message) => this.note(`${name} got ${String(message)}`), () => this.note(`${name} closed`));

  async reached(length: number): Promise<void> {
    await this.#until(() => length <= this.entries.length);
  }
}
