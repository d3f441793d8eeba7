import { DurableObject } from "cloudflare:workers";
import type { Port } from "../../../core/host/host.ts";
import { createEdgeHost, type EdgeHost } from "../../../edge/edge-host.ts";
import type { ObjectNamespace } from "../../../edge/durable-object.ts";
import type { EndName } from "../../../edge/line-end.ts";
import { HOST_CASES } from "../../host/host.case.ts";
import { underPlatform } from "../../host/platform.ts";

interface ProbeEnv {
  readonly PROBES: ObjectNamespace<ProbeObject>;
}

/** What a test sees of a message that it cannot have whole. */
export interface SeenMessage {
  readonly kind: string;
  readonly length: number;
  readonly isWhole: boolean;
}

/** An object with a host, whose parts a test moves from outside. */
export class ProbeObject extends DurableObject<ProbeEnv> {
  readonly #printed: string[] = [];
  readonly #ports = new Map<string, Port>();
  readonly #seen = new Map<string, unknown[]>();
  readonly #waiting: (() => void)[] = [];
  readonly #alarms: number[] = [];
  readonly #calls = { count: 0, atOnce: 0, atOnceMax: 0, bytesMax: 0 };
  #host: EdgeHost | undefined;

  /** With `alarmOnly`, timeouts are lost, as those of an object that is evicted. */
  #makeHost(address: string, alarmOnly: boolean): EdgeHost {
    const { storage } = this.ctx;
    return createEdgeHost({
      address,
      state: this.ctx,
      peerAt: (peer) => this.env.PROBES.get(this.env.PROBES.idFromName(peer)),
      platform: {
        print: (line) => void this.#printed.push(line),
        storage: {
          setAlarm: (time, options) => {
            this.#alarms.push(time);
            return storage.setAlarm(time, options);
          },
          getAlarm: () => storage.getAlarm(),
        },
        ...(alarmOnly ? { alarmMsMin: 0, wake: (run: () => void, ms: number) => (ms === 0 ? endOf(setTimeout(run, 0)) : () => {}) } : {}),
      },
    });
  }

  start(address: string, alarmOnly = false): void {
    this.#host ??= this.#makeHost(address, alarmOnly);
  }

  openLine(to: string, line: string): void {
    this.#ports.set(line, this.#host!.network.connect(to, line));
  }

  listen(line: string): void {
    this.#seen.set(line, []);
    this.#ports.get(line)!.listen((message) => this.#note(line, message), () => this.#note(line, "closed"));
  }

  /** Sends plain values. */
  send(line: string, messages: readonly unknown[]): void {
    for (const message of messages) this.#ports.get(line)!.send(message);
  }

  /** Sends one message for each length. */
  sendBytes(line: string, lengths: readonly number[]): string {
    try {
      for (const length of lengths) this.#ports.get(line)!.send(patternOf(length));
      return "";
    } catch (error) {
      return String(error);
    }
  }

  sendPort(line: string): string {
    try {
      this.#ports.get(line)!.send("with a port", { ports: this.#host!.network.openLine() });
      return "";
    } catch (error) {
      return String(error);
    }
  }

  close(line: string): void {
    this.#ports.get(line)!.close();
  }

  /** What came by a line, once there are so many. */
  async seen(line: string, count: number): Promise<readonly unknown[]> {
    const seen = this.#seen.get(line)!;
    while (seen.length < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    return seen;
  }

  printed(): readonly string[] {
    return this.#printed;
  }

  calls(): object {
    return this.#calls;
  }

  die(): void {
    this.ctx.abort("the test ends this object");
  }

  /** Runs timers so many ms from now each, some of which throw; says in which order, and how many alarms were set. */
  async timers(delaysMs: readonly number[], throwing: readonly number[]): Promise<object> {
    const { clock, scheduler } = this.#host!;
    const start = clock.now();
    const ran: number[] = [];
    const late = await new Promise<boolean[]>((resolve) => {
      const inTime: boolean[] = [];
      for (const delay of delaysMs) {
        scheduler.at(start + delay, () => {
          inTime.push(start + delay <= clock.now());
          if (ran.push(delay) === delaysMs.length) resolve(inTime);
          if (throwing.includes(delay)) throw new Error(`the timer of ${delay} ms fails on purpose`);
        });
      }
    });
    return { ran, inTime: late.every(Boolean), alarms: this.#alarms.length };
  }

  /** Sets timers for much later; how often and for when the alarm was set, in ms from now. */
  async farTimers(delaysMs: readonly number[]): Promise<object> {
    const { clock, scheduler } = this.#host!;
    const start = clock.now();
    for (const delay of delaysMs) scheduler.at(start + delay, () => {});
    return { writes: this.#alarms.length, alarmMs: ((await this.ctx.storage.getAlarm()) ?? NaN) - start };
  }

  /** What comes of a case of the suite of hosts. */
  runCase(title: string): Promise<unknown> {
    const { run } = HOST_CASES.find((known) => known.title === title)!;
    return run(underPlatform(this.#makeHost(title, false)));
  }

  attendLine(end: EndName): Promise<void> {
    return this.#host!.lines.attendLine(end);
  }

  async carryLine(end: EndName, bytes: Uint8Array, isLast: boolean): Promise<void> {
    const calls = this.#calls;
    calls.count += 1;
    calls.atOnce += 1;
    calls.atOnceMax = Math.max(calls.atOnceMax, calls.atOnce);
    calls.bytesMax = Math.max(calls.bytesMax, bytes.length);
    try {
      await this.#host!.lines.carryLine(end, bytes, isLast);
    } finally {
      calls.atOnce -= 1;
    }
  }

  async alarm(): Promise<void> {
    await this.#host?.alarm();
  }

  #note(line: string, message: unknown): void {
    this.#seen.get(line)!.push(message instanceof Uint8Array ? seenBytes(message) : message);
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

/** Bytes of which any shift or gap shows. */
function patternOf(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index += 1) bytes[index] = index % 251;
  return bytes;
}

function seenBytes(bytes: Uint8Array): SeenMessage {
  let isWhole = true;
  for (let index = 0; index < bytes.length; index += 1) isWhole &&= bytes[index] === index % 251;
  return { kind: bytes.constructor.name, length: bytes.length, isWhole };
}

function endOf(timeout: number): () => void {
  return () => clearTimeout(timeout);
}

/** `POST /METHOD?object=NAME` with the arguments as JSON. */
export default {
  async fetch(request: Request, env: ProbeEnv): Promise<Response> {
    const url = new URL(request.url);
    const name = url.searchParams.get("object") ?? "";
    const probe = env.PROBES.get(env.PROBES.idFromName(name)) as unknown as Record<string, (...args: readonly unknown[]) => Promise<unknown>>;
    try {
      return Response.json((await probe[url.pathname.slice(1)]!(...((await request.json()) as unknown[]))) ?? null);
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
