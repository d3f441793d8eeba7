export { type S3Options, s3Storages } from "./s3-storage.ts";
