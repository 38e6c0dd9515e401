/**
 * Reports what is the same for all open kernel objects: the owner, who can do what, and who holds
 * the object open.
 *
 * @module
 */

import { type AccessEntry, readAccessList } from "../../../ffi/access_list.ts";
import { handleCount, holdersOf } from "../../../ffi/object_state.ts";
import { isWine } from "../../../ffi/win32/ntdll.ts";
import { ownerOf, readSecurity, SECURITY_INFORMATION } from "../../../ffi/security.ts";
import { accessLines, rightsOf, type SecuredKind } from "./access.ts";
import type { Report } from "./report.ts";
import { ownerName } from "./sections.ts";
import { imageOf } from "./windows.ts";

const PARTS = SECURITY_INFORMATION.owner | SECURITY_INFORMATION.dacl | SECURITY_INFORMATION.label;

/**
 * Reports the owner and the access list.
 *
 * @param handle A handle with the right `READ_CONTROL`; `undefined` if the object does not grant it.
 */
export function reportSecurity(
  report: Report,
  kind: SecuredKind,
  { handle, label }: { handle: bigint | undefined; label: string },
): void {
  if (handle === undefined) {
    report.line("owner", "unknown: the object does not let this user read its descriptor");
    return;
  }
  const ownerSid = ownerOf(handle, label);
  const owner = ownerName(ownerSid);
  const access = readAccessList(handle, label);
  const sddl = readSecurity(handle, PARTS, label);
  report.set({
    owner,
    ownerSid,
    access: access.entries?.map((entry) => entryRecord(kind, entry)),
    protected: access.isProtected,
    sddl,
  });
  report.line("owner", owner === undefined ? "nobody" : named(owner, ownerSid));
  report.line("access", accessLines(kind, access));
  if (sddl !== "") report.line("SDDL", sddl);
}

function named(owner: string, sid: string | undefined): string {
  return owner === sid ? owner : `${owner} (${sid})`;
}

function entryRecord(kind: SecuredKind, { allows, sid, mask, inherited }: AccessEntry): object {
  return {
    account: ownerName(sid) ?? sid,
    sid,
    allows,
    rights: rightsOf(kind, mask),
    mask,
    inherited,
  };
}

/** Reports how many handles other programs have, and which programs, if Windows tells. */
export function reportHolders(report: Report, handle: bigint, label: string): void {
  // One of the handles is that of this process.
  const handles = handleCount(handle, label) - 1;
  const holders = holdersOf(handle)?.map((holder) => ({
    ...holder,
    image: imageOf(holder.process),
  }));
  report.set({ handles, holders });
  report.line("handles", `${handles} besides that of winipc`);
  report.line(
    "held by",
    holders === undefined
      ? `unknown: ${isWine() ? "Wine does not tell it" : "Windows tells it only to administrators"}`
      : holders.map(({ process, image, handles }) =>
        `${programText(process, image)}, ${handles} handle${handles === 1 ? "" : "s"}`
      ),
  );
}

/** Returns the name of a process: `process 1234 deno.exe`. */
export function programText(process: number, image: string | undefined): string {
  return `process ${process}${image === undefined ? "" : ` ${image}`}`;
}
