import { afterEach, expect, test, vi } from "vitest";
import { NODE_STORAGES } from "../../node/storages.ts";

afterEach(() => void vi.unstubAllEnvs());

test("storages in S3 take who asks from the environment, and say what is missing there", async () => {
  const open = (): unknown => NODE_STORAGES["s3"]!("s3:bucket/a");
  const variables = { AWS_REGION: "auto", AWS_ACCESS_KEY_ID: "id", AWS_SECRET_ACCESS_KEY: "secret" };
  for (const name of ["AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL_S3", ...Object.keys(variables)]) vi.stubEnv(name, "");
  vi.stubEnv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000");
  for (const [name, value] of Object.entries(variables)) {
    expect(open).toThrow(`a storage in S3 needs the environment variable ${name}`);
    vi.stubEnv(name, value);
  }
  expect(open()).toMatchObject({ description: "s3:bucket/a" });
});
