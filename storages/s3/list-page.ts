/** What a service answers to ListObjectsV2. */
export interface ListPage {
  /** In ascending order. */
  readonly keys: readonly string[];
  /** Continues where this page ends; absent on the last one. */
  readonly next?: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** Reads the few elements that are needed, none of which has attributes or elements in it. @throws Error where it is no such answer */
export function listPage(xml: string): ListPage {
  const isTruncated = textsOf(xml, "IsTruncated")[0];
  const next = textsOf(xml, "NextContinuationToken")[0];
  const isPage = /<ListBucketResult[\s>]/.test(xml) && (isTruncated === "false" || (isTruncated === "true" && next !== undefined));
  if (!isPage) throw new Error(`the service lists objects in a way that is not that of S3: ${xml.slice(0, 200)}`);
  return { keys: textsOf(xml, "Key"), ...(isTruncated === "true" && next !== undefined ? { next } : {}) };
}

/** What the elements of this name hold. */
export function textsOf(xml: string, element: string): string[] {
  return [...xml.matchAll(new RegExp(`<${element}>([^<]*)</${element}>`, "g"))].map(([, text = ""]) => unescaped(text));
}

function unescaped(text: string): string {
  return text.replace(/&(?:#x([\da-f]+)|#(\d+)|(\w+));/gi, (whole, hex?: string, decimal?: string, name = "") => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return decimal !== undefined ? String.fromCodePoint(Number(decimal)) : (ENTITIES[name as string] ?? whole);
  });
}
