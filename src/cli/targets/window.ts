/**
 * Windows as targets: WM_COPYDATA.
 *
 * @module
 */

import { Arrivals } from "./arrivals.ts";
import {
  CopyDataListener,
  listWindows,
  sendCopyData,
  type WindowInfo,
} from "../../messages/mod.ts";
import { assertNameFor } from "../command_line/object_name.ts";
import { assertNewClassName } from "../../../ffi/callback.ts";
import { escapeText } from "../printing/escape.ts";
import { notFound } from "./not_found.ts";
import type { Sink, SinkOptions } from "./sink.ts";
import type { Source } from "./source.ts";
import type { WindowTarget } from "./target.ts";

/** Maximum time to wait for a window's answer, in milliseconds, if the user gives none. */
const DEFAULT_TIMEOUT = 5000;
/** The longest time that Windows waits for an answer, in milliseconds. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/** Finds a window to send to. Each answer is printed. */
export async function openWindowSink(
  target: WindowTarget,
  { output, dataId }: Pick<SinkOptions, "output" | "dataId">,
): Promise<Sink> {
  const [window, ...others] = windowsOf(target);
  if (window === undefined) throw await notFound(target);
  if (others.length > 0) {
    output.note(
      `${others.length + 1} windows match: sending to the first, ${describe(window)}`,
    );
  }
  return {
    async send({ bytes }, { timeout = DEFAULT_TIMEOUT, signal }) {
      const answer = await sendCopyData(window, bytes, {
        id: dataId,
        timeout: Math.min(Math.max(timeout, 1), MAX_TIMEOUT),
        ...(signal && { signal }),
      }).catch(adviseRights);
      output.line(String(answer));
      if (answer === 0n) {
        throw new Error(`The ${describe(window)} answered 0: it did not take the message`);
      }
    },
    close: () => {},
  };
}

/**
 * Opens a window that receives WM_COPYDATA. A message is answered with 1 when it is confirmed.
 *
 * @param options `take`: whether to open the window although there is one like it.
 * @throws {UsageError} If a new window class cannot have the name.
 * @throws {Deno.errors.AlreadyExists} If there is such a window.
 */
export async function openWindowSource(
  target: WindowTarget,
  { take }: { take: boolean },
): Promise<Source> {
  assertNameFor(target.class, (name) => assertNewClassName("class", name));
  const [other] = windowsOf(target);
  if (other !== undefined && !take) {
    throw new Deno.errors.AlreadyExists(
      `Cannot listen on a second window like the ${describe(other)}: each sender would find ` +
        "only one of them; add --take to take that window's messages where a sender finds this one",
    );
  }
  const arrivals = new Arrivals();
  const listener = await CopyDataListener.open({
    class: target.class,
    ...(target.title !== undefined && { title: target.title }),
    // FindWindow() of other programs finds top-level windows only.
    visibility: "hidden",
    onMessage: ({ id, bytes, sender }) =>
      arrivals.add({ id, bytes, sender: sender.handle, from: sender.pid }),
  });
  void listener.finished.then(() => arrivals.close());
  return {
    note: `window 0x${listener.handle.toString(16)}`,
    ending: "another program has closed the window",
    next: (signal) => arrivals.next(signal),
    async close() {
      arrivals.close();
      await listener.close();
    },
  };
}

/** Windows refuses messages to programs with more rights (UIPI). */
function adviseRights(error: unknown): never {
  if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
  throw new Deno.errors.PermissionDenied(
    `${error.message}; run winipc with the rights of that program, such as from a terminal that ` +
      "was started as administrator",
  );
}

function windowsOf({ class: name, title }: WindowTarget): WindowInfo[] {
  return listWindows({ class: name, ...(title !== undefined && { title }) });
}

function describe({ handle, pid, title }: WindowInfo): string {
  return escapeText(
    `window 0x${handle.toString(16)} of process ${pid}` +
      (title === "" ? "" : `, ${JSON.stringify(title)}`),
  );
}
