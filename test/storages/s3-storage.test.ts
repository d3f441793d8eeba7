import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { AsyncStorage } from "../../core/host/storage.ts";
import { pageOf, servePages } from "../../scripts/browsers/page-server.ts";
import { launchBrowser } from "../../scripts/browsers/test-browser.ts";
import { type S3Server, serveMoto } from "../../scripts/s3/moto.ts";
import { type S3Options, s3Storages } from "../../storages/s3/index.ts";
import { listPage } from "../../storages/s3/list-page.ts";
import { STORAGE_CASES, textBytes, textOf } from "../host/storage.case.ts";
import { wholePage } from "../web/outcome-in-node.ts";
import { type Fate, type S3Proxy, serveProxy } from "./s3-proxy.ts";

const OPTIONS: S3Options = { region: "eu-central-1", accessKeyId: "the-key-id", secretAccessKey: "the-secret" };

let server: S3Server;
beforeAll(async () => {
  server = await serveMoto();
  const made = await fetch(`${server.origin}/bucket`, { method: "PUT", body: "<CreateBucketConfiguration><LocationConstraint>eu-central-1</LocationConstraint></CreateBucketConfiguration>" });
  expect(made.status).toBe(200);
}, 300_000);
afterAll(() => server?.close());

let proxy: S3Proxy | undefined;
afterEach(() => {
  proxy?.close();
  proxy = undefined;
});

let places = 0;
const newPlace = (): string => `s3:bucket/place-${(places += 1)}`;

function openAt(url: string, endpoint: string = server.origin): AsyncStorage {
  return s3Storages({ ...OPTIONS, endpoint })["s3"]!(url);
}

/** A storage of which requests meet these fates, the first being that of the first request. */
async function openBehind(fates: readonly Fate[]): Promise<AsyncStorage> {
  proxy = await serveProxy(server.origin, (index) => fates[index] ?? "pass");
  return openAt(newPlace(), proxy.origin);
}

describe("a storage in S3", () => {
  test.each(STORAGE_CASES)("$title", async ({ run, expected }) => {
    const url = newPlace();
    expect(await run({ open: () => openAt(url) })).toEqual(expected);
  });

  test("is a bucket, or a part of it that begins with a prefix", async () => {
    const url = newPlace();
    await openAt(url).putIfAbsent("a", textBytes("a"));
    for (const same of [`${url}/`, url.replace("/", "//")]) expect(await openAt(same).list("", "")).toEqual(["a"]);
    expect(await openAt("s3:bucket").list("", "")).toContain(`${url.slice("s3:bucket/".length)}/a`);
  });

  test("lists more names than one answer has", async () => {
    const storage = await openBehind(Array.from({ length: 5 }, () => ({ query: "max-keys=10" })));
    const names = Array.from({ length: 25 }, (_, index) => `job/parts/${10 + index}`);
    for (const name of names) await openAt(storage.description).putIfAbsent(name, textBytes(name));
    expect(await storage.list("job/", "")).toEqual(names);
    expect(await storage.list("job/", names[4]!)).toEqual(names.slice(5));
    expect(proxy!.requests).toHaveLength(5);
    await storage.remove(names);
    expect(await openAt(storage.description).list("", "")).toEqual([]);
  });

  test("refuses addresses that are none, and options that are missing or hold secrets", () => {
    for (const url of ["s3:", "s3://bucket", "s3:key@bucket/a", "s3:bucket/a?b", "file:a"]) expect(() => openAt(url)).toThrow(/INVALID_ARGUMENT.*s3:BUCKET\/PREFIX/);
    expect(() => s3Storages({ ...OPTIONS, region: "" })["s3"]!("s3:bucket")).toThrow(/INVALID_ARGUMENT.*needs the option region/);
    expect(() => openAt("s3:bucket", "127.0.0.1:9000")).toThrow(/INVALID_ARGUMENT.*begins with https/);
    expect(() => openAt("s3:bucket", "https://key:secret@example.org")).toThrow(/INVALID_ARGUMENT(?!.*key:secret)/);
  });
});

describe.each(["Chromium", "Firefox"] as const)("a storage in S3 on a page of %s", (name) => {
  let outcomes: Readonly<Record<string, unknown>>;
  beforeAll(async () => {
    const [page] = await wholePage("s3-page");
    const pages = await servePages((path) => ({ "/": pageOf("/page.js"), "/page.js": { body: page!.contents } })[path]);
    // The answer to the first write is lost: pages know their own objects again too.
    const bucket = await serveProxy(server.origin, (index) => (index === 0 ? "lose the answer" : "pass"));
    const browser = await launchBrowser(name);
    outcomes = (await browser.outcomeOf(`${pages.origin}/?${new URLSearchParams({ endpoint: bucket.origin, prefix: name })}`)) as typeof outcomes;
    await browser.close();
    await pages.close();
    bucket.close();
  }, 240_000);

  test.each(STORAGE_CASES)("$title", ({ title, expected }) => expect(outcomes[title]).toEqual(expected));
});

describe("a storage in S3 on a bad line", () => {
  const BUSY: Fate = { status: 503, body: "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>" };
  const CONFLICT: Fate = { status: 409, body: "<Error><Code>ConditionalRequestConflict</Code><Message>Again, please.</Message></Error>" };

  test("knows its own object again when the answer was lost, and tells it from that of another", async () => {
    const storage = await openBehind(["lose the answer", "lose the answer"]);
    expect(await storage.putIfAbsent("a", textBytes("same"))).toBe(true);
    expect(await openAt(storage.description).putIfAbsent("a", textBytes("same"))).toBe(false);
    const other = await openBehind(["lose the answer"]);
    await openAt(other.description).putIfAbsent("a", textBytes("same"));
    expect(await other.putIfAbsent("a", textBytes("same"))).toBe(false);
  });

  test("asks again where the service is busy, has not decided, or its answer is lost", async () => {
    const storage = await openBehind([BUSY, CONFLICT, "pass", "pass", BUSY, "lose the answer", "pass", BUSY, "pass", "lose the answer"]);
    expect(await storage.putIfAbsent("a", textBytes("a"))).toBe(true);
    expect(textOf(await storage.get("a"))).toBe("a");
    expect(await storage.list("", "")).toEqual(["a"]);
    await storage.remove(["a"]);
    expect(await storage.list("", "")).toEqual([]);
    const methods = proxy!.requests.map((request) => request.split(" ")[0]);
    expect(methods).toEqual([..."PPPPGGGGGDDG"].map((letter) => ({ P: "PUT", G: "GET", D: "DELETE" })[letter]));
  });

  test("gives up in the end, and says what the service says, and nothing that is secret", async () => {
    const storage = await openBehind(Array.from({ length: 5 }, () => BUSY));
    await expect(storage.get("a")).rejects.toThrow("the service answered 503 SlowDown: Please reduce your request rate.");
    expect(proxy!.requests).toHaveLength(5);
    const refused: Fate = { status: 403, body: "<Error><Code>InvalidAccessKeyId</Code><Message>No such key.</Message><AWSAccessKeyId>the-key-id</AWSAccessKeyId></Error>" };
    const forbidden = await openBehind([refused]);
    await expect(forbidden.putIfAbsent("a", textBytes("a"))).rejects.toThrow(/^the service answered 403 InvalidAccessKeyId: No such key\.$/);
    expect(proxy!.requests).toHaveLength(1);
  });

  test("says that there is no such bucket, and no such service", async () => {
    const elsewhere = openAt("s3:no-such-bucket/a");
    for (const call of [() => elsewhere.get("a"), () => elsewhere.list("", ""), () => elsewhere.putIfAbsent("a", textBytes("a"))]) await expect(call()).rejects.toThrow(/the service answered 404 NoSuchBucket: /);
    await openBehind([]);
    const { origin } = proxy!;
    proxy!.close();
    await expect(openAt("s3:bucket", origin).get("a")).rejects.toThrow(`${origin} cannot be reached: connect ECONNREFUSED`);
  });

  test("refuses a service that passes over the condition", async () => {
    const storage = await openBehind(Array.from({ length: 4 }, () => ({ without: "if-none-match" })));
    for (const name of ["a", "b"]) await expect(storage.putIfAbsent(name, textBytes(name))).rejects.toThrow(/does not honour "If-None-Match: \*"/);
  });

  test("asks nothing more when it is closed", async () => {
    const storage = await openBehind([BUSY]);
    const reading = storage.get("a");
    storage.close();
    await expect(reading).rejects.toThrow();
    expect(proxy!.requests.length).toBeLessThan(2);
  });
});

describe("a page of names", () => {
  const page = (inside: string): string => `<?xml version="1.0"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>${inside}</ListBucketResult>`;

  test("is read with what stands for signs in it", () => {
    const contents = "<Contents><Key>a&amp;b&#x41;&#66;</Key><ETag>&quot;1&quot;</ETag></Contents><Contents>\n<Key>c</Key></Contents>";
    expect(listPage(page(`<IsTruncated>true</IsTruncated><NextContinuationToken>1/&lt;2==</NextContinuationToken>${contents}`))).toEqual({ keys: ["a&bAB", "c"], next: "1/<2==" });
    expect(listPage(page("<IsTruncated>false</IsTruncated><KeyCount>0</KeyCount>"))).toEqual({ keys: [] });
  });

  test("is refused where it is something else", () => {
    for (const text of ["", "<html><body>Welcome</body></html>", page("<IsTruncated>true</IsTruncated>"), page("")]) expect(() => listPage(text)).toThrow("not that of S3");
  });
});
