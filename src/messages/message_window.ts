/**
 * Windows that are never seen and only take messages.
 *
 * @module
 */

import { assertOneOf, assertString } from "../../ffi/arguments.ts";
import { GuardedCallback } from "../../ffi/callback.ts";
import { lastError } from "../../ffi/error.ts";
import { MSG_SIZE } from "../../ffi/struct.ts";
import { toBool, toHwnd, toLresult, user32 } from "../../ffi/user32.ts";
import { encodeWide } from "../../ffi/wide.ts";
import { WindowClass } from "../../ffi/window_class.ts";
import { windowsOfThisThread } from "./own_windows.ts";
import { duringCopyData, type ReceivedCopyData } from "./received_copy_data.ts";
import { HWND_MESSAGE } from "./windows.ts";

/** A message to a window. */
export interface WindowMessage {
  /** The window that it was sent to. */
  window: bigint;
  /** Which message it is: `0x4a` for WM_COPYDATA. */
  message: number;
  /** Its first parameter. */
  wParam: bigint;
  /** Its second parameter; for some messages the address of memory, which is there until the procedure returns. */
  lParam: bigint;
  /** What a WM_COPYDATA brought; `undefined` for other messages. */
  copyData: ReceivedCopyData | undefined;
}

/** What a window is to be like. */
export interface MessageWindowOptions {
  /** The name of its class. @default a name that no other window has */
  class?: string;
  /** Its title. @default "" */
  title?: string;
  /**
   * `"message-only"`: found by those who look among message-only windows. `"hidden"`: a
   * top-level window that is not shown, found by plain `FindWindow`, as older programs look.
   *
   * @default "message-only"
   */
  visibility?: "message-only" | "hidden";
  /**
   * Answers messages, on the thread that made the window; `undefined` leaves one to the system
   * (`DefWindowProcW`). Where it throws, the answer is 0, and the error comes out of
   * {@linkcode MessageWindow.run} or {@linkcode MessageWindow.pump}.
   */
  procedure: (message: WindowMessage) => bigint | undefined;
}

/** `WM_COPYDATA`. */
export const WM_COPYDATA = 0x4a;

const WM_DESTROY = 0x2;
const WM_QUIT = 0x12;
const PM_REMOVE = 1;
const MSGFLT_ALLOW = 1;

/**
 * A window that takes messages and is never seen.
 *
 * It belongs to the thread that makes it: its procedure runs while that thread is in
 * {@linkcode MessageWindow.run} or {@linkcode MessageWindow.pump}, and in no other call.
 * So `run()`, which stands still until the window is closed, is for a Worker.
 *
 * @example
 * ```ts
 * import { MessageWindow } from "@winipc/winipc/messages";
 * import { assertEquals } from "@std/assert";
 *
 * const WM_APP = 0x8000;
 * const seen: bigint[] = [];
 * using window = MessageWindow.open({
 *   procedure: ({ message, wParam }) => {
 *     if (message !== WM_APP) return undefined;
 *     seen.push(wParam);
 *     return 1n;
 *   },
 * });
 * window.post(WM_APP, 42n);
 * window.pump();
 * assertEquals(seen, [42n]);
 * ```
 *
 * @see {@link https://learn.microsoft.com/windows/win32/winmsg/window-procedures}
 */
export class MessageWindow implements Disposable {
  /** The window's handle (`HWND`). */
  readonly handle: bigint;
  /** The name of its class. */
  readonly class: string;
  readonly #procedure: GuardedCallback;
  readonly #windowClass: WindowClass;
  #open = true;
  #running = false;

  private constructor(options: MessageWindowOptions) {
    const { title = "", visibility = "message-only" } = options;
    this.class = options.class ?? uniqueClass();
    assertWindowOptions({ class: this.class, title, visibility });
    this.#procedure = GuardedCallback.windowProcedure((window, message, wParam, lParam) => {
      const answer = (copyData?: ReceivedCopyData) =>
        this.#answer(options.procedure, { window, message, wParam, lParam, copyData });
      return message === WM_COPYDATA ? duringCopyData(lParam, answer) : answer();
    });
    const attempt = `Cannot open a window of class "${this.class}"`;
    try {
      this.#windowClass = new WindowClass(this.class, this.#procedure, attempt);
    } catch (error) {
      this.#procedure.close();
      throw error;
    }
    const { name } = this.#windowClass;
    const parent = visibility === "hidden" ? 0n : HWND_MESSAGE;
    const { CreateWindowExW } = user32();
    this.handle = toHwnd(
      CreateWindowExW(0, name, encodeWide(title), 0, 0, 0, 0, 0, parent, 0n, 0n, null),
    );
    if (this.handle === 0n) {
      const error = lastError("CreateWindowExW", attempt);
      this.#windowClass.close();
      this.#procedure.close();
      throw error;
    }
    windowsOfThisThread.set(this.handle, true);
  }

  /**
   * Makes a window on this thread.
   *
   * @param options What it is to be like.
   * @throws {TypeError} If an option is of the wrong kind.
   * @throws {Deno.errors.AlreadyExists} If this process has a class of that name already.
   */
  static open(options: MessageWindowOptions): MessageWindow {
    return new MessageWindow(options);
  }

  /** Whether the window is closed, by this script or by a stranger's WM_CLOSE. */
  get closed(): boolean {
    return !this.#open;
  }

  /**
   * Puts a message into the window's queue and does not wait for an answer; any thread of any
   * process may do so.
   *
   * @param message Which message.
   * @param wParam Its first parameter.
   * @param lParam Its second parameter.
   * @throws {Deno.errors.BadResource} If the window is closed.
   * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-postmessagew}
   */
  post(message: number, wParam: bigint = 0n, lParam: bigint = 0n): void {
    this.#assertOpen();
    if (!user32().PostMessageW(this.handle, message, wParam, lParam)) {
      throw lastError("PostMessageW", `Cannot post to a window of class "${this.class}"`);
    }
  }

  /**
   * Lets programs with fewer rights than this one send it a message that Windows would keep
   * from it (UIPI); for this window and this message only.
   *
   * @param message Which message: {@linkcode WM_COPYDATA}, for one.
   * @throws {Deno.errors.BadResource} If the window is closed.
   * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-changewindowmessagefilterex}
   */
  acceptLowerIntegrity(message: number): void {
    this.#assertOpen();
    if (!user32().ChangeWindowMessageFilterEx(this.handle, message, MSGFLT_ALLOW, null)) {
      throw lastError(
        "ChangeWindowMessageFilterEx",
        `Cannot admit message ${message} to a window of class "${this.class}"`,
      );
    }
  }

  /**
   * Takes the messages that are there now, and returns.
   *
   * @throws {Deno.errors.BadResource} If the window is closed.
   */
  pump(): void {
    this.#assertOpen();
    const message = new Uint8Array(MSG_SIZE);
    const { DispatchMessageW, PeekMessageW } = user32();
    while (toBool(PeekMessageW(message, 0n, 0, 0, PM_REMOVE))) {
      this.#procedure.throwIfFailed();
      if (messageOf(message) !== WM_QUIT) DispatchMessageW(message);
      this.#procedure.throwIfFailed();
    }
    this.#procedure.throwIfFailed();
  }

  /**
   * Takes messages until the window is closed; the thread stands still meanwhile.
   *
   * @throws {Deno.errors.BadResource} If the window is closed.
   */
  run(): void {
    this.#assertOpen();
    const message = new Uint8Array(MSG_SIZE);
    const { DispatchMessageW, GetMessageW } = user32();
    this.#running = true;
    try {
      for (let more; (more = toBool(GetMessageW(message, 0n, 0, 0))) !== 0;) {
        if (more < 0) throw lastError("GetMessageW", "Cannot take messages");
        this.#procedure.throwIfFailed();
        DispatchMessageW(message);
        this.#procedure.throwIfFailed();
      }
      this.#procedure.throwIfFailed();
    } finally {
      this.#running = false;
    }
  }

  /** Destroys the window, unregisters its class and frees its procedure; on the thread that made it. */
  close(): void {
    if (this.#open) user32().DestroyWindow(this.handle);
    this.#open = false;
    this.#windowClass.close();
    this.#procedure.close();
  }

  /** Closes the window at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #answer(procedure: MessageWindowOptions["procedure"], message: WindowMessage): bigint {
    // Before the procedure, which may throw: the window is gone all the same.
    if (message.message === WM_DESTROY) {
      this.#open = false;
      windowsOfThisThread.delete(this.handle);
      // GetMessageW would go on waiting; and a WM_QUIT that nobody waits for would end another loop.
      if (this.#running) user32().PostQuitMessage(0);
    }
    const answer = procedure(message);
    if (answer !== undefined) return BigInt.asIntN(64, answer);
    return toLresult(
      user32().DefWindowProcW(message.window, message.message, message.wParam, message.lParam),
    );
  }

  #assertOpen(): void {
    if (this.#open) return;
    throw new Deno.errors.BadResource(`The window of class "${this.class}" is closed`);
  }
}

/** A name for a class that no other window has. */
export function uniqueClass(): string {
  return `winipc-${crypto.randomUUID()}`;
}

/**
 * Throws unless a window can be like that.
 *
 * @param options What it is to be like.
 */
export function assertWindowOptions(
  options: Required<Pick<MessageWindowOptions, "class" | "title" | "visibility">>,
): void {
  assertString("class", options.class);
  assertString("title", options.title);
  assertOneOf("visibility", options.visibility, ["message-only", "hidden"]);
  for (const text of [options.class, options.title]) encodeWide(text);
}

function messageOf(message: Uint8Array<ArrayBuffer>): number {
  return new DataView(message.buffer).getUint32(8, true);
}
