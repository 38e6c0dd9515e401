/**
 * Names and paths of pipes and mailslots, and the packaged apps (AppContainers) that can open them.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/pipe-names}
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/mailslot-names}
 * @see {@link https://learn.microsoft.com/windows/win32/secauthz/appcontainer-isolation}
 * @module
 */

import { assertWide } from "../../ffi/wide.ts";
import { show } from "../../ffi/arguments.ts";

/** Maximum length of a pipe's path in characters, which Windows sets. */
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

/** The account that means all packages, as SDDL abbreviates it. */
const ALL_PACKAGES = "AC";
/** A security identifier of a package. */
const SID = /^S-1-15-2(?:-\d{1,10}){7}$/;
/** A package family name, or the name of an AppContainer that a program has created. */
const NAME = /^(?!S-1-)[\w.-]{1,64}$/i;
/** The number of 32-bit parts of a hash that an identifier has. */
const PARTS = 7;

/** Throws unless a value is `true` or the names or identifiers of packages. */
export function assertPackages(what: string, value: unknown): void {
  if (value === true) return;
  const isValid = (item: unknown) =>
    typeof item === "string" && (SID.test(item) || NAME.test(item));
  if (Array.isArray(value) && value.length > 0 && value.every(isValid)) return;
  throw new TypeError(
    `Expected ${what} to be true, or an array of package family names or identifiers ` +
      `(S-1-15-2-…), got ${show(value)}`,
  );
}

/** Returns the accounts of packages, for a descriptor. */
export function accountsOf(packages: true | readonly string[]): readonly string[] {
  return packages === true
    ? [ALL_PACKAGES]
    : packages.map((item) => SID.test(item) ? item : sidOfPackage(item));
}

/**
 * Returns the security identifier of a package.
 *
 * It is made of the SHA-256 of the name, as `DeriveAppContainerSidFromAppContainerName` does.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/api/userenv/nf-userenv-deriveappcontainersidfromappcontainername}
 */
export function sidOfPackage(name: string): string {
  const units = Uint16Array.from(name.toLowerCase(), (letter) => letter.charCodeAt(0));
  // deno-lint-ignore no-process-global -- the only way to load a module of Node without an await
  const { createHash } = process.getBuiltinModule("node:crypto");
  const hash = createHash("sha256").update(new Uint8Array(units.buffer)).digest();
  const parts = Array.from({ length: PARTS }, (_, index) => hash.readUInt32LE(4 * index));
  return `S-1-15-2-${parts.join("-")}`;
}
