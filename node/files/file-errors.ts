import { JobError, type ErrorCode } from "../../core/lib/errors.ts";

/** What the operating system's codes mean, and what to do. */
const MEANINGS: { readonly [code: string]: string } = {
  ENOENT: "there is no such file or folder",
  ENOTDIR: "a part of the path is a file, not a folder",
  EEXIST: "there is a file where a folder has to be",
  EISDIR: "this is a folder; give the path of a file",
  EACCES: "permission denied; check the rights of the file and its folders",
  EPERM: "the operation is not permitted",
  EROFS: "the file system is read-only",
  ENOSPC: "no space is left on the device; free some",
  EDQUOT: "the disk quota is used up",
  EMFILE: "too many files are open in this process",
  EIO: "the device reported an input/output error",
};

/** An error of the file system as a JobError that names the path and says what it means. */
export function fileError(code: ErrorCode, doing: string, path: string, cause: unknown): JobError {
  if (cause instanceof JobError) return cause;
  const { code: system, message } = cause as NodeJS.ErrnoException;
  const meaning = system === undefined ? message : `${MEANINGS[system] ?? message} (${system})`;
  return new JobError(code, `cannot ${doing} "${path}": ${meaning}`, { cause });
}
