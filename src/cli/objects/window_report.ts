/**
 * Describes a window, without sending a message to it.
 *
 * @module
 */

import { user32 } from "../../../ffi/win32/user32.ts";
import type { ListedObject, ListedWindow } from "./object.ts";
import { Report } from "./report.ts";
import { programText } from "./secured.ts";

/** Describes a window of a listing. */
export function describeWindow({ name }: ListedObject, window: ListedWindow): Report {
  const { handle, process, image, messageOnly } = window;
  const { GetWindowThreadProcessId, IsHungAppWindow } = user32();
  const thread = GetWindowThreadProcessId(handle, new Uint32Array(1));
  if (thread === 0) throw new Deno.errors.NotFound(`There is no window "${name}" any more`);
  const responds = IsHungAppWindow(handle) === 0;
  return new Report().set({ kind: "window", name, ...window, thread, responds })
    .line("name", name)
    .line("kind", messageOnly ? "window, message-only" : "window")
    .line("class", window.class)
    .line("title", window.title)
    .line("handle", `0x${handle.toString(16)}`)
    .line("process", programText(process, image))
    .line("thread", String(thread))
    .line("responds", responds ? "yes" : "no: it has taken no message for 5 seconds");
}
