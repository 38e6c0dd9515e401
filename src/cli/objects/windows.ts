/**
 * Lists the windows that programs can send to, without sending anything.
 *
 * @module
 */

import { imagePathOf } from "../../../ffi/process_thread.ts";
import { listWindows, type WindowInfo } from "../../messages/window/find.ts";
import type { ListedObject } from "./object.ts";

/** Returns the file name of a process's program; `undefined` if this user cannot ask for it. */
export function imageOf(process: number): string | undefined {
  return imagePathOf(process)?.split("\\").at(-1);
}

/** Returns the name of a window as a target names it: `CLASS/TITLE`. */
export function windowName({ class: name, title }: Pick<WindowInfo, "class" | "title">): string {
  return title === "" ? name : `${name}/${title}`;
}

/** Lists all top-level and message-only windows. */
export function listedWindows(): ListedObject[] {
  const images = new Map<number, string | undefined>();
  return listWindows().map(({ pid, ...window }) => {
    if (!images.has(pid)) images.set(pid, imageOf(pid));
    return {
      kind: "window",
      name: windowName(window),
      window: {
        class: window.class,
        title: window.title,
        handle: window.handle,
        process: pid,
        image: images.get(pid),
        messageOnly: window.messageOnly,
      },
    };
  });
}
