/**
 * The security identifiers of packaged apps (AppContainers).
 *
 * @see {@link https://learn.microsoft.com/windows/win32/secauthz/appcontainer-isolation}
 * @module
 */

import { show } from "../../ffi/arguments.ts";

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
