/**
 * Windows that only take messages and are never shown.
 *
 * @module
 */

import {
  assertFunction,
  assertOneOf,
  assertOptions,
  dropPromise,
  type OptionChecks,
  show,
} from "../../../ffi/arguments.ts";
import { assertNewClassName, GuardedCallback, WindowClass } from "../../../ffi/callback.ts";
import { errorFromCode, lastError, lastErrorCode } from "../../../ffi/error.ts";
import { requireHost } from "../../../ffi/platform.ts";
import { MSG_SIZE } from "../../../ffi/win32/types.ts";
import { Uncloneable } from "../../../ffi/handle.ts";
import { toBool, toHwnd, user32 } from "../../../ffi/win32/user32.ts";
import { assertWide, encodeWide, MAX_TEXT } from "../../../ffi/wide.ts";
import {
  assertMessage,
  dropProcedureFailure,
  duringCopyData,
  keepProcedureFailure,
  type ReceivedCopyData,
  systemAnswer,
  throwProcedureFailure,
  windowsOfThisThread,
  WM_COPYDATA,
} from "./procedure.ts";
import { HWND_MESSAGE } from "./find.ts";

/** A message to a window. */
export interface WindowMessage {
  /** The handle (`HWND`) of the window that gets the message. */
  window: bigint;
  /** The message's number, such as `0x4a` for WM_COPYDATA. */
  message: number;
  /** The message's first parameter. */
  wParam: bigint;
  /**
   * The message's second parameter. For some messages it is the address of memory that exists only
   * until the procedure returns.
   */
  lParam: bigint;
  /** The data of a WM_COPYDATA; `undefined` for other messages. */
  copyData: ReceivedCopyData | undefined;
}

/** Options of {@linkcode MessageWindow.open}. */
export interface MessageWindowOptions {
  /** The name of the window's class. @default a name that no other window has */
  class?: string;
  /** The window's title. @default "" */
  title?: string;
  /**
   * How other programs find the window. A search among message-only windows finds a
   * `"message-only"` window. Plain `FindWindow`, which older programs call, finds a `"hidden"`
   * window: a top-level window that is not shown.
   *
   * @default "message-only"
   */
  visibility?: "message-only" | "hidden";
  /**
   * Answers messages on the thread that opened the window. The procedure must return the answer at
   * once: a promise is refused. `undefined` leaves a message to the system, which is right for most
   * messages.
   *
   * For a window that is never shown, the system handles only messages about its title and about
   * closing it. If the procedure throws, the answer is 0. Then the call that ran the procedure
   * throws the error: {@linkcode MessageWindow.open}, `pump`, `run` or `close`, or a send.
   */
  procedure: (message: WindowMessage) => bigint | undefined;
}

const WM_NULL = 0x0;
const WM_CREATE = 0x1;
const WM_DESTROY = 0x2;
const WM_CLOSE = 0x10;
const WM_QUIT = 0x12;
const WM_NCCREATE = 0x81;
const WM_NCDESTROY = 0x82;
const WM_TIMER = 0x113;
const WM_SYSTIMER = 0x118;
const PM_REMOVE = 1;
const MSGFLT_ALLOW = 1;
/**
 * Maximum number of consecutive failures of `GetMessageW` before `run()` throws. Wine fails for a
 * message that does not fit on the stack, and can still return the messages after it.
 */
const MAX_FAILURES = 100;
/** Maximum number of messages of one `pump()`: the capacity of a message queue on Windows. */
const MAX_PUMPED = 10_000;

/** Number of calls of `run()` that are on this thread's stack. */
let running = 0;

/**
 * The window's state in which the system sends each of these messages. Other programs can send them
 * at any time.
 */
const LIFE: Readonly<Record<number, State>> = {
  [WM_NCCREATE]: "opening",
  [WM_CREATE]: "opening",
  [WM_DESTROY]: "closing",
  [WM_NCDESTROY]: "closing",
};

type State = "opening" | "open" | "closing" | "closed";

const OPTIONS: OptionChecks<MessageWindowOptions> = {
  class: assertNewClassName,
  title: assertTitle,
  visibility: (name, value) => assertOneOf(name, value, ["message-only", "hidden"]),
  procedure: assertFunction,
};

/**
 * A window that takes messages and is never shown.
 *
 * It belongs to the thread that opens it. Windows runs its procedure on that thread, and only
 * inside these calls:
 *
 * - {@linkcode MessageWindow.run} and {@linkcode MessageWindow.pump} of any window of the thread;
 * - {@linkcode MessageWindow.open} and {@linkcode MessageWindow.close};
 * - `sendCopyDataSync`, and a send to the window itself or with the window as `from`.
 *
 * Between these calls, each sender to the window waits. `run()` blocks until the window is closed,
 * so use it in a Worker.
 *
 * @example Answer a message of the program's own
 * ```ts
 * import { MessageWindow, postMessage } from "@winipc/winipc/messages";
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
 * postMessage(window, WM_APP, { wParam: 42 });
 * window.pump();
 * assertEquals(seen, [42n]);
 * ```
 *
 * @see {@link https://learn.microsoft.com/windows/win32/winmsg/window-procedures}
 */
export class MessageWindow extends Uncloneable implements Disposable {
  /** The window's handle (`HWND`). */
  readonly handle: bigint;
  /** The name of the window's class. */
  readonly class: string;
  readonly #procedure: GuardedCallback;
  readonly #windowClass: WindowClass;
  #state: State = "opening";
  /** Whether to free the class and the procedure as soon as the window is destroyed. */
  #isToFree = false;
  /** Whether the procedure has refused the window by its answer to WM_NCCREATE or WM_CREATE. */
  #refused = false;

  private constructor(options: MessageWindowOptions) {
    super();
    assertOptions(options, OPTIONS);
    assertFunction("procedure", options.procedure);
    requireHost();
    const { class: className = uniqueClass(), title = "", procedure } = options;
    this.class = className;
    this.#procedure = GuardedCallback.windowProcedure((window, message, wParam, lParam) => {
      const respond = (copyData?: ReceivedCopyData) =>
        this.#respond(procedure, { window, message, wParam, lParam, copyData });
      return message === WM_COPYDATA ? duringCopyData(lParam, respond) : respond();
    });
    const attempt = `Cannot open a window of class "${className}"`;
    try {
      this.#windowClass = new WindowClass(className, this.#procedure, attempt);
    } catch (error) {
      this.#procedure.close();
      throw error;
    }
    const { name } = this.#windowClass;
    const parent = options.visibility === "hidden" ? 0n : HWND_MESSAGE;
    const { CreateWindowExW } = user32();
    this.handle = toHwnd(
      CreateWindowExW(0, name, encodeWide(title), 0, 0, 0, 0, 0, parent, 0n, 0n, null),
    );
    const code = this.handle === 0n ? lastErrorCode() : 0;
    try {
      throwProcedureFailure();
      if (this.#refused) {
        throw new TypeError(
          `${attempt}: its procedure refused the window by its answer to WM_NCCREATE or WM_CREATE; ` +
            "return undefined for each message that the procedure does not handle",
        );
      }
      if (this.handle === 0n) throw errorFromCode(code, "CreateWindowExW", attempt);
    } catch (error) {
      this.#destroy();
      this.#free();
      dropProcedureFailure();
      throw error;
    }
    this.#state = "open";
    windowsOfThisThread.set(this.handle, true);
  }

  /**
   * Opens a window on this thread. The procedure gets its first messages before this call returns.
   *
   * @throws {TypeError} If an option has the wrong type, or the procedure refuses the window by its
   *   answer to WM_NCCREATE or WM_CREATE.
   * @throws {RangeError} If the class name does not have 1 to 255 characters.
   * @throws {Deno.errors.AlreadyExists} If this process already has a class of that name.
   * @throws The error that the procedure throws.
   */
  static open(options: MessageWindowOptions): MessageWindow {
    return new MessageWindow(options);
  }

  /** Whether the window is closed, by this script or by a WM_CLOSE of another program. */
  get closed(): boolean {
    return this.#state !== "open";
  }

  /**
   * Allows programs with fewer rights to send one message to this window. By default Windows blocks
   * some messages of such programs (UIPI).
   *
   * @param message The message's number, such as {@linkcode WM_COPYDATA}.
   * @throws {Deno.errors.BadResource} If the window is closed.
   * @see {@link https://learn.microsoft.com/windows/win32/api/winuser/nf-winuser-changewindowmessagefilterex}
   */
  acceptLowerIntegrity(message: number): void {
    assertMessage(message);
    this.#assertOpen();
    if (!user32().ChangeWindowMessageFilterEx(this.handle, message, MSGFLT_ALLOW, null)) {
      throw lastError(
        "ChangeWindowMessageFilterEx",
        `Cannot admit message ${message} to a window of class "${this.class}"`,
      );
    }
  }

  /**
   * Takes the messages of this thread that are waiting, at most 10,000, and returns.
   *
   * @throws {Deno.errors.BadResource} If the window is closed.
   * @throws The error that the procedure throws.
   */
  pump(): void {
    this.#assertOpen();
    const message = new Uint8Array(MSG_SIZE);
    const { PeekMessageW } = user32();
    for (let i = 0; i < MAX_PUMPED && toBool(PeekMessageW(message, 0n, 0, 0, PM_REMOVE)) > 0; i++) {
      dispatch(message);
    }
    throwProcedureFailure();
  }

  /**
   * Takes the messages of this thread until the window is closed. Blocks the thread until then.
   *
   * @throws {Deno.errors.BadResource} If the window is closed.
   * @throws The error that the procedure throws.
   */
  run(): void {
    this.#assertOpen();
    const message = new Uint8Array(MSG_SIZE);
    const { GetMessageW } = user32();
    running++;
    try {
      for (let failures = 0; !this.closed;) {
        if (toBool(GetMessageW(message, 0n, 0, 0)) >= 0) {
          failures = 0;
          dispatch(message);
          continue;
        }
        const code = lastErrorCode();
        throwProcedureFailure();
        if (++failures < MAX_FAILURES) continue;
        const attempt = `Cannot take messages for a window of class "${this.class}"`;
        throw errorFromCode(code, "GetMessageW", attempt);
      }
    } finally {
      running--;
    }
  }

  /**
   * Destroys the window, unregisters its class and frees its procedure. Call it on the thread that
   * opened the window.
   *
   * @throws The error that the procedure throws for the window's last messages. Everything is
   *   closed then.
   */
  close(): void {
    this.#destroy();
    this.#free();
    throwProcedureFailure();
  }

  /** Closes the window at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Destroys the window once. The procedure itself can call this. */
  #destroy(): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#state = "closing";
    windowsOfThisThread.delete(this.handle);
    if (this.handle !== 0n) user32().DestroyWindow(this.handle);
    this.#state = "closed";
    // The procedure may have called close() during the window's last messages, too early to free.
    if (this.#isToFree) this.#free();
    this.#endWait();
  }

  #free(): void {
    this.#isToFree = true;
    this.#windowClass.close();
    this.#procedure.close();
  }

  /** Wakes `run()` of this thread, because closing a window does not end a wait for messages. */
  #endWait(): void {
    if (running > 0) user32().PostMessageW(0n, WM_NULL, 0n, 0n);
  }

  /**
   * Answers a message. Keeps an error of the procedure, because no error can pass through Windows.
   */
  #respond(procedure: MessageWindowOptions["procedure"], message: WindowMessage): bigint {
    try {
      return this.#answer(procedure, message);
    } catch (error) {
      keepProcedureFailure(error);
      this.#endWait();
      return 0n;
    }
  }

  #answer(procedure: MessageWindowOptions["procedure"], received: WindowMessage): bigint {
    const { window, message, wParam, lParam } = received;
    // After a refusal the system destroys the window that it has begun to create.
    if (this.#refused) this.#state = "closing";
    const when = LIFE[message];
    if (when !== undefined && when !== this.#state) {
      // Another program has sent this message. Its WM_DESTROY only closes the window.
      if (message === WM_DESTROY) this.#destroy();
      return 0n;
    }
    const answer = procedure(received);
    if (answer === undefined && message === WM_CLOSE) {
      this.#destroy();
      return 0n;
    }
    if (answer === undefined) return systemAnswer(window, message, wParam, lParam);
    assertAnswer(answer);
    const signed = BigInt.asIntN(64, answer);
    this.#refused ||= message === WM_NCCREATE && signed === 0n;
    this.#refused ||= message === WM_CREATE && BigInt.asIntN(32, signed) === -1n;
    return signed;
  }

  #assertOpen(): void {
    if (!this.closed) return;
    throw new Deno.errors.BadResource(`The window of class "${this.class}" is closed`);
  }
}

/** Returns a class name that no other window has. */
export function uniqueClass(): string {
  return `winipc-${crypto.randomUUID()}`;
}

/** Throws unless a value is valid as the title of a window. */
export function assertTitle(name: string, value: unknown): void {
  assertWide(name, value, { max: MAX_TEXT });
}

function assertAnswer(answer: unknown): asserts answer is bigint {
  if (typeof answer === "bigint") return;
  const what = dropPromise(answer) ? "a promise" : show(answer);
  throw new TypeError(
    `Expected a window procedure to return a bigint or undefined at once, got ${what}`,
  );
}

/** Runs the procedure of the window to which a message was posted. */
function dispatch(message: Uint8Array<ArrayBuffer>): void {
  const fields = new DataView(message.buffer);
  const number = fields.getUint32(8, true);
  // Any program can post these messages. WM_QUIT has no effect on a window, and Windows would call
  // the address in a timer message.
  const isTimer = number === WM_TIMER || number === WM_SYSTIMER;
  const callsAddress = isTimer && fields.getBigInt64(24, true) !== 0n;
  if (number !== WM_QUIT && !callsAddress) user32().DispatchMessageW(message);
  throwProcedureFailure();
}
