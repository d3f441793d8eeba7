import { AwsClient } from "aws4fetch";
import { JobError } from "../../core/lib/errors.ts";
import { textsOf } from "./list-page.ts";
import type { S3Options } from "./s3-storage.ts";

export interface S3Request {
  /** Empty for the bucket itself. */
  readonly key: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** What the caller knows to deal with. */
  readonly expected: readonly number[];
}

export interface S3Answer {
  readonly status: number;
  readonly bytes: Uint8Array;
  header(name: string): string | null;
}

const ATTEMPTS_MAX = 5;
/** Of one attempt, its body included. */
const ATTEMPT_MS_MAX = 30_000;
/** Before the second attempt; doubled before each one after it, and cut short by chance so that clients do not come all at once. */
const FIRST_WAIT_MS = 100;

/** Asks for objects of one bucket, again where it may help: requests of ours mean the same when they are made twice. */
export class S3Client {
  /** Without secrets. */
  readonly endpoint: string;
  readonly #bucketUrl: string;
  readonly #signer: AwsClient;
  readonly #closing = new AbortController();

  /** @throws JobError INVALID_ARGUMENT */
  constructor(bucket: string, { endpoint, region, accessKeyId, secretAccessKey, sessionToken }: S3Options) {
    for (const [name, value] of Object.entries({ region, accessKeyId, secretAccessKey })) {
      if (typeof value !== "string" || value === "") throw new JobError("INVALID_ARGUMENT", `S3 needs the option ${name}`);
    }
    this.endpoint = endpointOf(endpoint ?? `https://s3.${region}.amazonaws.com`);
    this.#bucketUrl = `${this.endpoint}/${bucket}`;
    this.#signer = new AwsClient({ service: "s3", region, accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) });
  }

  /** Rejects with what the service says, where it is not expected. */
  async ask(method: string, request: S3Request): Promise<S3Answer> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#attempt(method, request);
      if (!(outcome instanceof Refusal)) return outcome;
      if (!outcome.mayPass || attempt === ATTEMPTS_MAX || this.#closing.signal.aborted) throw new Error(outcome.reason, { cause: outcome.cause });
      await waited(FIRST_WAIT_MS * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    }
  }

  close(): void {
    this.#closing.abort();
  }

  async #attempt(method: string, { key, query, headers, body, expected }: S3Request): Promise<S3Answer | Refusal> {
    const url = `${this.#bucketUrl}${key === "" ? "" : `/${key}`}?${new URLSearchParams(query)}`.replace(/\?$/, "");
    const signal = AbortSignal.any([AbortSignal.timeout(ATTEMPT_MS_MAX), this.#closing.signal]);
    try {
      const signed = await this.#signer.sign(url, { method, signal, ...(headers && { headers }), ...(body && { body: body.slice() }) });
      const response = await fetch(signed);
      const bytes = new Uint8Array(await response.arrayBuffer());
      return judged({ status: response.status, bytes, header: (name) => response.headers.get(name) }, expected);
    } catch (cause) {
      const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
      return new Refusal(`${this.endpoint} cannot be reached: ${inner instanceof Error ? inner.message : String(inner)}`, true, cause);
    }
  }
}

/** Why there is no answer, and whether there may be one if the same is asked again. */
class Refusal {
  readonly reason: string;
  readonly mayPass: boolean;
  readonly cause: unknown;

  constructor(reason: string, mayPass: boolean, cause?: unknown) {
    this.reason = reason;
    this.mayPass = mayPass;
    this.cause = cause;
  }
}

function judged(answer: S3Answer, expected: readonly number[]): S3Answer | Refusal {
  const { status } = answer;
  const text = status < 300 ? "" : new TextDecoder().decode(answer.bytes);
  const [code = "", message = ""] = ["Code", "Message"].map((element) => textsOf(text, element)[0]);
  if (expected.includes(status) && code !== "NoSuchBucket") return answer;
  // 409: two requests for one name were in each other's way, and the service has not decided.
  const isPassing = status === 409 || status === 429 || (500 <= status && status !== 501);
  return new Refusal(`the service answered ${[status, code].join(" ").trim()}${message === "" ? "" : `: ${message}`}`, isPassing);
}

function endpointOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new JobError("INVALID_ARGUMENT", "the endpoint of S3 is an address that begins with https:// or http://");
  if (url.username !== "" || url.password !== "") throw new JobError("INVALID_ARGUMENT", "the endpoint of S3 has credentials in it: give them as the options accessKeyId and secretAccessKey");
  return (url.origin + url.pathname).replace(/\/+$/, "");
}

function waited(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
