/**
 * A message as a listener gives it to the script, and who the message says it is from.
 *
 * @module
 */

import {
  assertBigInteger,
  assertBytes,
  assertOptions,
  pickOptions,
} from "../../../ffi/arguments.ts";
import {
  type CopyData,
  SEND_OPTIONS,
  type SendCopyDataOptions,
  sendFrom,
} from "../send/copy_data.ts";
import { decodeText, type TextEncoding } from "../encoding.ts";
import type { Handling, IncomingMessage } from "../window/own.ts";
import { isOneWindow } from "../window/find.ts";
import { ERROR_INSUFFICIENT_BUFFER, lastErrorCode } from "../../../ffi/error.ts";
import { Handle } from "../../../ffi/handle.ts";
import { kernel32 } from "../../../ffi/win32/kernel32.ts";
import { user32 } from "../../../ffi/win32/user32.ts";
import { readWide } from "../../../ffi/wide.ts";

/** Where a message came to. */
interface MessageReceiver {
  /** The window of the listener. */
  readonly handle: bigint;
  /** The work of the handler that gets the message; `undefined` if the message is read. */
  readonly handling: Handling | undefined;
}

/** How to reply to a message. */
export interface ReplyOptions extends Omit<SendCopyDataOptions, "from"> {}

const { from: _, ...REPLY_OPTIONS } = SEND_OPTIONS;

/** Puts a message together that can be replied to. It is for listeners, and not exported to scripts. */
export let receivedMessage: (
  incoming: IncomingMessage,
  receiver: MessageReceiver,
) => CopyDataMessage;

/** What came by WM_COPYDATA. */
export class CopyDataMessage {
  /** The number that tells what the data is (`dwData`). */
  readonly id: bigint;
  /** The data, as many bytes as the sender counted (`cbData`); a copy, the script's own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Who the message says it is from. */
  readonly sender: MessageSender;
  #receiver: MessageReceiver | undefined;

  static {
    receivedMessage = (incoming, receiver) => {
      const message = new CopyDataMessage(incoming);
      message.#receiver = receiver;
      return message;
    };
  }

  /**
   * Makes a message that no listener has received: for tests of a handler. It cannot be replied to.
   *
   * @param message `dwData`, the data, and the window that is named as the sender's, or 0.
   */
  constructor(
    { id, bytes, sender }: { id: bigint; bytes: Uint8Array<ArrayBuffer>; sender: bigint },
  ) {
    assertBigInteger("id", id, 0n, 2n ** 64n - 1n);
    assertBytes("bytes", bytes);
    this.id = id;
    this.bytes = bytes;
    this.sender = new MessageSender(sender);
  }

  /**
   * The data as a text, up to the first NUL if there is one: some senders count it in
   * and some do not.
   *
   * @param encoding How the sender wrote it. @default "utf-16le"
   */
  text(encoding?: TextEncoding): string {
    return decodeText(this.bytes, encoding);
  }

  /**
   * Sends data to the window that the message names as its sender's, in the name of the listener's
   * window, and waits for the answer.
   *
   * A handler may do so before it answers, as programs expect that are answered by a message of
   * their own: the sender gets the reply while it waits. The reply waits for no send that began before
   * the handler.
   *
   * @example
   * ```ts
   * import { CopyDataListener, sendCopyData } from "@winipc/winipc/messages";
   * import { assertEquals } from "@std/assert";
   *
   * await using server = await CopyDataListener.open({
   *   onMessage: (message) => message.reply(message.text().toUpperCase()),
   * });
   * await using client = await CopyDataListener.open();
   * assertEquals(await sendCopyData(server, "hello", { from: client }), 1n);
   * assertEquals((await client.receive())!.text(), "HELLO");
   * ```
   *
   * @param data What to send, at most 4294967295 bytes.
   * @returns What the sender's window procedure answered.
   * @throws {Deno.errors.NotFound} If the message names no sender, or its window is gone.
   * @throws {Deno.errors.TimedOut} If there is no answer in time; the sender may still get the data.
   * @throws {Deno.errors.PermissionDenied} If the sender runs with more rights and takes no messages
   *   from this one (UIPI).
   * @throws {Win32Error} If Windows does not know the code page.
   * @throws {TypeError} If an argument is of the wrong kind, or the text cannot be written in the encoding.
   * @throws {RangeError} If a number is out of range.
   */
  async reply(data: CopyData, options: ReplyOptions = {}): Promise<bigint> {
    assertOptions(options, REPLY_OPTIONS);
    // The sender's handle is whatever a stranger has made up.
    if (this.#receiver === undefined || !isOneWindow(this.sender.handle)) {
      throw new Deno.errors.NotFound(
        "Cannot reply to a message that names no window as its sender's",
      );
    }
    const { handle: from, handling } = this.#receiver;
    return await sendFrom(handling, this.sender, data, {
      ...pickOptions(options, REPLY_OPTIONS),
      from,
    });
  }
}

const PROCESS_QUERY_LIMITED_INFORMATION = 0x1000;

/**
 * The window that a message names as its sender's: a claim, which nobody checks.
 *
 * What is told of it is looked up when it is asked for; while the sender waits for
 * its answer (in `allow` and `onMessage`) it is there, later it may be gone, and
 * Windows may have given its number to another.
 */
export class MessageSender {
  /** The window's handle (`HWND`), sign-extended; 0 where the sender named none. */
  readonly handle: bigint;

  /**
   * Names a sender.
   *
   * @param handle The window's handle, zero- or sign-extended.
   * @throws {TypeError} If it is no bigint.
   */
  constructor(handle: bigint) {
    assertBigInteger("handle", handle, -(2n ** 63n), 2n ** 64n - 1n);
    this.handle = BigInt.asUintN(64, BigInt.asIntN(32, handle));
  }

  /**
   * The process that made the window; `undefined` if there is no such window now.
   *
   * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-getwindowthreadprocessid}
   */
  get pid(): number | undefined {
    if (!isOneWindow(this.handle)) return undefined;
    const pid = new Uint32Array(1);
    user32().GetWindowThreadProcessId(this.handle, pid);
    return pid[0] || undefined;
  }

  /**
   * The path of that process's program; `undefined` if it is gone, or not to be told.
   *
   * @see {@link https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-queryfullprocessimagenamew}
   */
  get path(): string | undefined {
    const { pid } = this;
    if (pid === undefined) return undefined;
    const { OpenProcess, QueryFullProcessImageNameW } = kernel32();
    const value = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, 0, pid);
    if (value === 0n) return undefined;
    using process = new Handle(value, "process");
    const path = readWide((buffer) => {
      const length = Uint32Array.of(buffer.length);
      const done = QueryFullProcessImageNameW(process.value, 0, buffer, length);
      if (done) return length[0]!;
      return lastErrorCode() === ERROR_INSUFFICIENT_BUFFER ? buffer.length : 0;
    });
    return path || undefined;
  }
}
