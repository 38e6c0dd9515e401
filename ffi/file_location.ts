/**
 * Paths of files, and `file:` URLs in their place.
 *
 * @module
 */

import { assertWide, MAX_TEXT } from "./wide.ts";

/**
 * Gives the path that a caller means, as `Deno.Command` and `Deno.open` read it.
 *
 * @param what What it is, for messages: `"cwd"`.
 * @param location A path, or a `file:` URL.
 * @throws {TypeError} If it is neither, or has a NUL in it.
 * @throws {RangeError} If it has more than 32,766 characters.
 */
export function toPath(what: string, location: unknown): string {
  const path: unknown = location instanceof URL ? pathOf(what, location) : location;
  assertWide(what, path, { max: MAX_TEXT });
  return path;
}

/** A URL has a host only where the path begins with none but a drive's letter. */
function pathOf(what: string, url: URL): string {
  if (url.protocol !== "file:") {
    throw new TypeError(`Expected ${what} to be a path or a file: URL, got "${url}"`);
  }
  const local = decode(what, url).replace(/^\\+([A-Za-z]:)(?:\\|$)/, "$1\\");
  return url.hostname === "" ? local : `\\\\${url.hostname}${local}`;
}

function decode(what: string, url: URL): string {
  // A URL keeps a percent sign that begins no escape sequence.
  const escaped = url.pathname.replaceAll("/", "\\").replace(/%(?![0-9A-Fa-f]{2})/g, "%25");
  try {
    return decodeURIComponent(escaped);
  } catch (cause) {
    throw new TypeError(`Expected ${what} to be a file: URL in UTF-8, got "${url}"`, { cause });
  }
}
