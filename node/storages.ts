import process from "node:process";
import { JobError } from "../core/lib/errors.ts";
import { openMemoryStorage } from "../core/host/memory-storage.ts";
import type { StorageSchemes } from "../core/host/storage.ts";
import { type S3Options, s3Storages } from "../storages/s3/index.ts";
import { openFileStorage } from "./file-storage.ts";

/** What programs of Node can keep checkpoints in. Of S3, they find in the environment what other programs find there too. */
export const NODE_STORAGES: StorageSchemes = {
  memory: openMemoryStorage,
  file: openFileStorage,
  s3: (url) => s3Storages(s3OptionsIn(process.env))["s3"]!(url),
};

function s3OptionsIn(env: NodeJS.ProcessEnv): S3Options {
  const endpoint = firstIn(env, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL");
  const sessionToken = firstIn(env, "AWS_SESSION_TOKEN");
  return {
    ...(endpoint !== undefined && { endpoint }),
    region: needed(env, "AWS_REGION", "AWS_DEFAULT_REGION"),
    accessKeyId: needed(env, "AWS_ACCESS_KEY_ID"),
    secretAccessKey: needed(env, "AWS_SECRET_ACCESS_KEY"),
    ...(sessionToken !== undefined && { sessionToken }),
  };
}

function needed(env: NodeJS.ProcessEnv, ...names: readonly string[]): string {
  const found = firstIn(env, ...names);
  if (found === undefined) throw new JobError("INVALID_ARGUMENT", `a storage in S3 needs the environment variable ${names.join(" or ")}`);
  return found;
}

/** What is set to nothing is not set. */
function firstIn(env: NodeJS.ProcessEnv, ...names: readonly string[]): string | undefined {
  return names.map((name) => env[name]).find((value) => value !== undefined && value !== "");
}
