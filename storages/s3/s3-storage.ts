import { JobError } from "../../core/lib/errors.ts";
import type { AsyncStorage, StorageSchemes } from "../../core/host/storage.ts";
import { listPage } from "./list-page.ts";
import { S3Client, type S3Answer } from "./s3-client.ts";

/** Where the buckets are, and who asks. What is secret here is in no address and in no message. */
export interface S3Options {
  /** `https://ACCOUNT.r2.cloudflarestorage.com`, `http://127.0.0.1:9000`, …; that of Amazon in the region where it is left out. */
  readonly endpoint?: string;
  /** As the service calls it: `eu-central-1`, or `auto` for R2. */
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken?: string;
}

/** Who wrote an object: a name of each call of `putIfAbsent`. */
const WRITER_HEADER = "x-amz-meta-tamias-writer";
/** Requests that remove objects at the same time. Requests for many objects would need checksums, about which services disagree. */
const REMOVALS_AT_ONCE = 8;

/**
 * Makes `s3:BUCKET` and `s3:BUCKET/PREFIX` addresses of storages: objects of S3, or of a service that is compatible with it and honours `If-None-Match: *`, which decides between writers.
 *
 * @example
 * import { s3Storages } from "tamias/s3";
 *
 * const { s3 } = s3Storages({ region: "eu-central-1", accessKeyId: "AKIA…", secretAccessKey: "…" });
 */
export function s3Storages(options: S3Options): StorageSchemes {
  return { s3: (url) => openS3Storage(url, options) };
}

function openS3Storage(url: string, options: S3Options): AsyncStorage {
  const [, bucket, prefix = ""] = /^s3:([\w.-]+)(?:\/+([\w./-]*))?$/.exec(url) ?? [];
  if (bucket === undefined) throw new JobError("INVALID_ARGUMENT", `the address of a storage in S3 is s3:BUCKET/PREFIX, of letters, digits, ".", "_" and "-", not ${url}`);
  return new S3Storage(url, new S3Client(bucket, options), prefix.replace(/\/*$/, prefix === "" ? "" : "/"));
}

class S3Storage implements AsyncStorage {
  readonly description: string;
  readonly #client: S3Client;
  readonly #prefix: string;
  #decides = false;

  /** The prefix is empty or ends with a slash. */
  constructor(description: string, client: S3Client, prefix: string) {
    this.description = description;
    this.#client = client;
    this.#prefix = prefix;
  }

  async putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    const writer = crypto.randomUUID();
    const key = this.#prefix + name;
    if (!isRefused(await this.#put(key, bytes, writer))) {
      if (!this.#decides) await this.#checkThatItDecides(key, bytes, writer);
      return true;
    }
    // What is there may be ours: an answer was lost on its way, and the request was made again, by us or by what is between us and the service.
    const { status, header } = await this.#client.ask("HEAD", { key, expected: [200, 404] });
    return status === 200 && header(WRITER_HEADER) === writer;
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    const answer = await this.#client.ask("GET", { key: this.#prefix + name, expected: [200, 404] });
    return answer.status === 404 ? undefined : answer.bytes;
  }

  async list(prefix: string, after: string): Promise<readonly string[]> {
    const names: string[] = [];
    const query = { "list-type": "2", prefix: this.#prefix + prefix, ...(after === "" ? {} : { "start-after": this.#prefix + after }) };
    for (let more: Readonly<Record<string, string>> | undefined = {}; more !== undefined; ) {
      const { bytes } = await this.#client.ask("GET", { key: "", query: { ...query, ...more }, expected: [200] });
      const { keys, next } = listPage(new TextDecoder().decode(bytes));
      for (const key of keys) names.push(key.slice(this.#prefix.length));
      more = next === undefined ? undefined : { "continuation-token": next };
    }
    return names;
  }

  async remove(names: readonly string[]): Promise<void> {
    for (let start = 0; start < names.length; start += REMOVALS_AT_ONCE) {
      const some = names.slice(start, start + REMOVALS_AT_ONCE);
      await Promise.all(some.map((name) => this.#client.ask("DELETE", { key: this.#prefix + name, expected: [200, 204, 404] })));
    }
  }

  close(): void {
    this.#client.close();
  }

  #put(key: string, bytes: Uint8Array, writer: string): Promise<S3Answer> {
    const headers = { "if-none-match": "*", "content-type": "application/octet-stream", [WRITER_HEADER]: writer };
    return this.#client.ask("PUT", { key, headers, body: bytes, expected: [200, 412] });
  }

  /** There are services that pass over a condition they do not know, and would let two leaders write. The first object is written again, which must be refused. */
  async #checkThatItDecides(key: string, bytes: Uint8Array, writer: string): Promise<void> {
    if (!isRefused(await this.#put(key, bytes, writer))) {
      throw new Error(`${this.#client.endpoint} does not honour "If-None-Match: *", which decides between writers: use another service, or a later version of this one`);
    }
    this.#decides = true;
  }
}

function isRefused({ status }: S3Answer): boolean {
  return status !== 200;
}
