/**
 * Describes one object. Sections, events, mutexes and semaphores are opened for reading and closed
 * at once. A pipe is not opened: its server would take the look for a client.
 *
 * @module
 */

import { pipeState } from "../../../ffi/named_pipe.ts";
import { READ_CONTROL } from "../../../ffi/kernel_object.ts";
import {
  EVENT_QUERY_STATE,
  eventState,
  MUTANT_QUERY_STATE,
  mutexState,
  SEMAPHORE_QUERY_STATE,
  semaphoreState,
} from "../../../ffi/object_state.ts";
import { openAsGranted } from "../../../ffi/open_granted.ts";
import { SYNCHRONIZE } from "../../../ffi/handle.ts";
import { inspectLayout, type ValidInspection } from "../../channel/inspection.ts";
import { InspectedSection } from "../../memory/inspection.ts";
import { EVENT, MUTEX, SEMAPHORE } from "../../sync/shared_object.ts";
import { reportChannel } from "./channel_report.ts";
import { describeMailslot } from "./mailslot.ts";
import type { RawObject } from "./raw.ts";
import { Report } from "./report.ts";
import { inspectSection } from "./sections.ts";
import { programText, reportHolders, reportSecurity } from "./secured.ts";
import { sizeText } from "../printing/size_text.ts";
import { imageOf } from "./windows.ts";

/**
 * Describes an object.
 *
 * @throws {Deno.errors.NotFound} If the object is gone.
 * @throws {Deno.errors.PermissionDenied} If this user is not allowed to open the object.
 */
export function describeObject(raw: RawObject): Report {
  switch (raw.kind) {
    case "section":
      return describeSection(raw);
    case "pipe":
      return describePipe(raw);
    case "mailslot":
      return describeMailslot(raw);
    default:
      return describeSync(raw, raw.kind);
  }
}

function describeSection({ name, full }: RawObject): Report {
  using section = new InspectedSection(full);
  const { byteLength, handle, label, hasDescriptor } = section;
  const found = section.isReadable ? inspectSection(section) : undefined;
  const report = new Report();
  report.set({ kind: found?.kind ?? "section", name, size: byteLength || undefined });
  report.line("name", name).line("kind", found?.kind ?? "section");
  report.line("size", byteLength > 0 ? sizeAndBytes(byteLength) : "unknown: access is denied");
  if (section.isImage) report.line("pages", "an image section: a program or a DLL");
  if (section.isReserved) report.line("pages", "reserved, and committed when they are used");
  report.set({ program: section.isImage, reserved: section.isReserved });
  reportSecurity(report, "section", { handle: hasDescriptor ? handle : undefined, label });
  reportHolders(report, handle, label);
  if (!section.isReadable && !section.isImage) {
    report.set({ denied: true }).line("contents", "unknown: this user is not allowed to read them");
  }
  if (found === undefined) return report;
  if ("problem" in found) {
    const { version, problem } = found;
    report.set({ version, problem }).line("unusable", problem);
    return report;
  }
  reportChannel(report, found, layoutOf(section, found));
  return report;
}

/** Returns the canonical text of the layout, or the reason why it cannot be read. */
function layoutOf(section: InspectedSection, found: ValidInspection): string | Error | undefined {
  try {
    return inspectLayout(section, found);
  } catch (error) {
    if (error instanceof Deno.errors.InvalidData) return error;
    throw error;
  }
}

function sizeAndBytes(byteLength: number): string {
  return byteLength < 1024 ? sizeText(byteLength) : `${sizeText(byteLength)}, ${byteLength} bytes`;
}

const KINDS = {
  event: { ...EVENT, query: EVENT_QUERY_STATE },
  mutex: { ...MUTEX, query: MUTANT_QUERY_STATE },
  semaphore: { ...SEMAPHORE, query: SEMAPHORE_QUERY_STATE },
} as const;

function describeSync({ name, full }: RawObject, kind: keyof typeof KINDS): Report {
  const { openApi: api, open, query } = KINDS[kind];
  const label = `${kind} "${full}"`;
  const choices = [query | READ_CONTROL, query, READ_CONTROL, SYNCHRONIZE];
  const { handle, access } = openAsGranted({ label, name: full, api, open, choices });
  using _handle = handle;
  const report = new Report().set({ kind, name }).line("name", name).line("kind", kind);
  if ((access & query) !== 0) reportState(report, kind, handle.value, label);
  else report.line("state", "unknown: this user is not allowed to read it");
  const hasDescriptor = (access & READ_CONTROL) !== 0;
  reportSecurity(report, kind, { handle: hasDescriptor ? handle.value : undefined, label });
  reportHolders(report, handle.value, label);
  return report;
}

function reportState(
  report: Report,
  kind: keyof typeof KINDS,
  handle: bigint,
  label: string,
): void {
  switch (kind) {
    case "event": {
      const state = eventState(handle, label);
      report.set(state).line("reset", state.manual ? "by hand" : "by the wait that it ends");
      report.line("state", state.set ? "set" : "not set");
      break;
    }
    case "semaphore": {
      const state = semaphoreState(handle, label);
      report.set(state).line("count", `${state.count} of at most ${state.maximum}`);
      break;
    }
    case "mutex": {
      const state = mutexState(handle, label);
      report.set(state).line("state", mutexText(state));
    }
  }
}

function mutexText(
  { held, abandoned, process, thread }: ReturnType<typeof mutexState>,
): string {
  const by = process === undefined
    ? ""
    : ` by ${programText(process, imageOf(process))}, thread ${thread}`;
  const last = abandoned ? "; its last holder ended without releasing it" : "";
  return (held ? `held${by}` : "free") + last;
}

function describePipe({ name, full }: RawObject): Report {
  const state = pipeState(full);
  if (state === undefined) throw new Deno.errors.NotFound(`There is no pipe "${name}" any more`);
  return new Report().set({ kind: "pipe", name, path: full, waiting: state === "waiting" })
    .line("name", name)
    .line("kind", "pipe")
    .line("path", full)
    .line(
      "state",
      state === "waiting" ? "waits for a client" : "busy: no instance waits for a client",
    )
    .line("owner", "unknown: to read it, winipc would have to connect, and disturb the server");
}
