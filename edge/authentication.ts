import { HttpError } from "./http-error.ts";

/** What decides who may use a worker, among the variables and secrets of its deployment. */
export interface AuthenticationEnv {
  readonly TAMIAS_SECRET?: string;
  readonly TAMIAS_MODE?: string;
}

/**
 * Lets a request through whose bearer is the secret, and any request in the mode `dev`. Without a secret nobody gets in.
 *
 * @throws HttpError NOT_CONFIGURED, UNAUTHORIZED
 */
export async function authenticate(request: Request, env: AuthenticationEnv): Promise<void> {
  if (env.TAMIAS_MODE === "dev") return;
  const secret = env.TAMIAS_SECRET ?? "";
  if (secret === "") {
    const remedy = 'set it with "npx wrangler secret put TAMIAS_SECRET", or, on your own machine only, set the variable TAMIAS_MODE to "dev"';
    throw new HttpError("NOT_CONFIGURED", `this worker has no secret TAMIAS_SECRET, so it lets nobody in: ${remedy}`);
  }
  const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  if (bearer !== undefined && (await isEqual(bearer, secret))) return;
  const [challenge, message] =
    bearer === undefined ? ["", "send the header Authorization: Bearer, with the secret of this worker"] : [', error="invalid_token"', "the bearer is not the secret of this worker"];
  throw new HttpError("UNAUTHORIZED", message, { "www-authenticate": `Bearer realm="tamias"${challenge}` });
}

/** Takes as long for every bearer: digests are compared, to their end, so that the time says nothing of the secret. */
async function isEqual(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([digestOf(a), digestOf(b)]);
  let difference = 0;
  for (let index = 0; index < left.length; index += 1) difference |= left[index]! ^ right[index]!;
  return difference === 0;
}

async function digestOf(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}
