/**
 * The pipe by which the instances of a script find each other. The process that creates the pipe is
 * the first instance: Windows lets only one process do so. The pipe is gone as soon as that process
 * is.
 *
 * @module
 */

import { currentSession } from "../../ffi/process_thread.ts";
import { currentUserSid } from "../../ffi/security.ts";
import { localPipePath } from "../pipe/name.ts";

/** Maximum length of a pipe's path. */
const MAX_PATH = 256;

/**
 * Returns the path of the pipe of a single instance.
 *
 * All users and sessions share the names of pipes. So the path has the user, and the session unless
 * the name begins with `Global\`.
 *
 * @param full The full name, `Local\…` or `Global\…`.
 * @throws {RangeError} If the name is too long.
 */
export function instancePipe(full: string): string {
  const [scope, bare] = full.split("\\") as [string, string];
  const session = scope === "Local" ? currentSession() : "Global";
  const path = localPipePath(`winipc\\instance\\${currentUserSid()}\\${session}\\`);
  const most = MAX_PATH - path.length;
  if (bare.length <= most) return path + bare;
  throw new RangeError(`Expected a name of at most ${most} characters, got ${bare.length}`);
}
