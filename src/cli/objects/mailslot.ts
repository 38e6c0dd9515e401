/**
 * Describes a mailslot.
 *
 * @module
 */

import { openExistingFile } from "../../../ffi/file.ts";
import { READ_CONTROL } from "../../../ffi/kernel_object.ts";
import type { RawObject } from "./raw.ts";
import { Report } from "./report.ts";
import { reportSecurity } from "./secured.ts";

/** `FILE_SHARE_READ`, `FILE_SHARE_WRITE` and `FILE_SHARE_DELETE`. */
const SHARE_ALL = 7;

/**
 * Describes a mailslot. It is opened only to read the descriptor: Windows checks the sharing of
 * opens only for the rights to read, write and delete, so no writer is refused meanwhile. The
 * mailslot's process does not notice it.
 *
 * @throws {Deno.errors.NotFound} If there is no such mailslot.
 * @see {@link https://learn.microsoft.com/windows/win32/fileio/creating-and-opening-files}
 */
export function describeMailslot({ name, full }: RawObject): Report {
  const label = `mailslot "${name}"`;
  using handle = openExistingFile(full, {
    access: READ_CONTROL,
    share: SHARE_ALL,
    kind: label,
    attempt: `Cannot open the ${label}`,
    ifMissing: "start its receiver first",
  });
  const report = new Report().set({ kind: "mailslot", name, path: full })
    .line("name", name)
    .line("kind", "mailslot")
    .line("path", full)
    .line("messages", "unknown: Windows tells it only to the receiver");
  reportSecurity(report, "mailslot", { handle: handle.value, label });
  return report;
}
