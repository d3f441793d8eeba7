import { JobError } from "../core/lib/errors.ts";

/** What an answer says of a request that was refused, beside what the status does. docs/edge.md lists them. */
export type HttpErrorCode =
  | "INVALID_REQUEST"
  | "MALFORMED_LINE"
  | "UNAUTHORIZED"
  | "NOT_FOUND"
  | "METHOD_NOT_ALLOWED"
  | "JOB_ENDED"
  | "TOO_MANY_JOBS"
  | "RESULTS_GONE"
  | "SAVEPOINT_EXISTS"
  | "TOO_LARGE"
  | "UNSUPPORTED_MEDIA_TYPE"
  | "LOG_FULL"
  | "NOT_CONFIGURED"
  | "UNAVAILABLE";

const STATUS: Readonly<Record<HttpErrorCode, number>> = {
  INVALID_REQUEST: 400,
  MALFORMED_LINE: 400,
  UNAUTHORIZED: 401,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  JOB_ENDED: 409,
  TOO_MANY_JOBS: 409,
  RESULTS_GONE: 410,
  SAVEPOINT_EXISTS: 409,
  TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  LOG_FULL: 429,
  NOT_CONFIGURED: 503,
  UNAVAILABLE: 503,
};

/** A request that is refused. */
export class HttpError extends Error {
  readonly code: HttpErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  /** More fields of the answer. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: HttpErrorCode, message: string, headers: Readonly<Record<string, string>> = {}, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.headers = headers;
    this.details = details;
  }

  /** The same with more fields in its answer. */
  with(details: Readonly<Record<string, unknown>>): HttpError {
    return new HttpError(this.code, this.message, this.headers, { ...this.details, ...details });
  }
}

/** An error as the fields that answers have of it. */
export function errorFields(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof JobError) return { code: error.code, message: error.message };
  if (error instanceof HttpError) return { code: error.code, message: error.message };
  return { code: "INTERNAL", message: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}

export function errorResponse(error: unknown): Response {
  const status = error instanceof HttpError ? STATUS[error.code] : error instanceof JobError ? jobErrorStatus(error) : 500;
  const { headers, details } = error instanceof HttpError ? error : { headers: {}, details: {} };
  return Response.json({ ...errorFields(error), ...details }, { status, headers });
}

/** What the job at hand cannot do now is a conflict. */
function jobErrorStatus({ code, kind }: JobError): number {
  if (code === "JOB_ENDED" || code === "CHECKPOINT_FAILED") return 409;
  return kind === "user" ? 400 : 500;
}
