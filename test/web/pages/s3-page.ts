import { s3Storages } from "../../../storages/s3/index.ts";
import { STORAGE_CASES } from "../../host/storage.case.ts";

/** What each case gave, or why it gave nothing, by its title: `/?endpoint=URL&prefix=PREFIX`. */
async function main(): Promise<Readonly<Record<string, unknown>>> {
  const asked = new URLSearchParams(location.search);
  const storages = s3Storages({ endpoint: asked.get("endpoint")!, region: "eu-central-1", accessKeyId: "the-key-id", secretAccessKey: "the-secret" });
  const outcomes: Record<string, unknown> = {};
  for (const [index, { title, run }] of STORAGE_CASES.entries()) {
    try {
      outcomes[title] = await run({ open: () => storages["s3"]!(`s3:bucket/${asked.get("prefix")}/${index}`) });
    } catch (error) {
      outcomes[title] = String(error);
    }
  }
  return outcomes;
}

Object.assign(globalThis, { outcome: main() });
