/**
 * Names and paths of pipes and mailslots.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/pipe-names}
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/mailslot-names}
 * @module
 */

import { assertWide } from "../../ffi/wide.ts";

/** Maximum length of a path in characters, because Windows allows so many for a pipe. */
const MAX_PATH_LENGTH = 256;

/** The folder of an object: Windows keeps pipes and mailslots in folders of their own. */
type Folder = "pipe" | "mailslot";

/** A path in the form `\\HOST\FOLDER\NAME`. */
interface ParsedPath {
  host: string;
  path: string;
}

/**
 * Returns the path of a pipe of this machine.
 *
 * @param name A name, such as `echo`, or the path `\\.\pipe\echo`. A name can contain backslashes.
 * @throws {TypeError} If the name is empty, has a NUL, or is a path of a different form.
 * @throws {RangeError} If the path has more than 256 characters.
 */
export function localPipePath(name: string): string {
  const { host, path } = parse("pipe", name);
  if (host === ".") return path;
  throw new TypeError(
    `Expected the name of a pipe of this machine, got ${JSON.stringify(name)}: a server listens ` +
      "on its own machine",
  );
}

/**
 * Returns the path of a pipe of this or another machine.
 *
 * @param name A name, such as `echo`, or a path, such as `\\.\pipe\echo` or `\\server\pipe\echo`.
 * @throws {TypeError} If the name is empty, has a NUL, or is a path of a different form.
 * @throws {RangeError} If the path has more than 256 characters.
 */
export function pipePath(name: string): string {
  return parse("pipe", name).path;
}

/**
 * Returns the path of a mailslot of this machine.
 *
 * @param name A name, such as `log`, or the path `\\.\mailslot\log`.
 * @throws {Deno.errors.NotSupported} If the path belongs to another machine or to a domain.
 * @throws {TypeError} If the name is empty, has a NUL, or is a path of a different form.
 * @throws {RangeError} If the path has more than 256 characters.
 */
export function mailslotPath(name: string): string {
  const { host, path } = parse("mailslot", name);
  if (host === ".") return path;
  throw new Deno.errors.NotSupported(
    `Cannot use the mailslot ${JSON.stringify(name)} of another machine: Windows has retired ` +
      "remote mailslots (Windows 11 24H2 refuses them); use a socket",
  );
}

function parse(folder: Folder, name: string): ParsedPath {
  assertWide("name", name);
  // Windows ignores the case of all parts.
  const path = /^\\\\([^\\]+)\\([^\\]+)\\(.+)$/s.exec(name);
  const isPath = path !== null && path[2]!.toLowerCase() === folder;
  const [host, bare] = isPath ? [path[1]!, path[3]!] : [".", name];
  if (bare === "") throw new TypeError("Expected a name, got an empty one");
  if (!isPath && /^[\\/]/.test(bare)) {
    throw new TypeError(
      `Expected a name or a path that begins with \\\\.\\${folder}\\, got ${JSON.stringify(name)}`,
    );
  }
  const full = `\\\\${host}\\${folder}\\${bare}`;
  if (full.length > MAX_PATH_LENGTH) {
    throw new RangeError(
      `Expected a path of at most ${MAX_PATH_LENGTH} characters, got ${full.length}: ` +
        `it begins with \\\\.\\${folder}\\`,
    );
  }
  return { host, path: full };
}
