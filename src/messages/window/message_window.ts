/**
 * Windows that are never seen and only take messages.
 *
 * @module
 */

import {
  assertFunction,
  assertOneOf,
  assertOptions,
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
import { windowsOfThisThread } from "./own.ts";
import {
  assertMessage,
  dropProcedureFailure,
  duringCopyData,
  keepProcedureFailure,
  type ReceivedCopyData,
  systemAnswer,
  throwProcedureFailure,
  WM_COPYDATA,
} from "./procedure.ts";
import { HWND_MESSAGE } from "./find.ts";

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
   * Answers messages, on the thread that made the window, and at once: a promise is no answer.
   * `undefined` leaves a message to the system, as most have to be.
   *
   * Of the system's services, a window that is never seen has those for its title, and those that end
   * it. Where the procedure throws, the answer is 0, and the error comes out of the call of the script
   * that ran the procedure: {@linkcode MessageWindow.open}, `pump`, `run` or `close`, or a send.
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
 * How often the system may say that it cannot give a message, one time after the other. Wine says so for
 * a message that the stack has no room for, and has others to give.
 */
const MAX_FAILURES = 100;
/** Maximum number of messages of one `pump()`: as many as a queue holds on Windows. */
const MAX_PUMPED = 10_000;

/** How many calls of `run()` this thread is in, one inside the other. */
let running = 0;

/** The state of a window in which the system sends these messages; anybody else can send them at any time. */
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
 * A window that takes messages and is never seen.
 *
 * It belongs to the thread that makes it. Windows runs its procedure on that thread, inside a call:
 * {@linkcode MessageWindow.run} and {@linkcode MessageWindow.pump} of any window of the thread,
 * {@linkcode MessageWindow.open} and {@linkcode MessageWindow.close}, and sends from that thread
 * (`sendCopyDataSync`, and sends to the window itself or `from` it). While none of these runs, those
 * who send to the window wait. `run()` blocks until the window is closed, so it is for a Worker.
 *
 * @example
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
  /** The name of its class. */
  readonly class: string;
  readonly #procedure: GuardedCallback;
  readonly #windowClass: WindowClass;
  #state: State = "opening";
  /** Whether the class and the procedure are to be freed as soon as the window is destroyed. */
  #isToFree = false;
  /** Whether the procedure has answered a message of the opening so that the window is not made. */
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
          `${attempt}: its procedure refused to have it made, by what it answered to WM_NCCREATE ` +
            "or WM_CREATE; answer undefined to all messages that the procedure does not handle",
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
   * Makes a window on this thread.
   *
   * The procedure gets its first messages before this returns.
   *
   * @throws {TypeError} If an option is of the wrong kind, or the procedure refuses the window by its answer.
   * @throws {RangeError} If the name of the class does not have 1 to 255 characters.
   * @throws {Deno.errors.AlreadyExists} If this process has a class of that name already.
   * @throws What the procedure throws.
   */
  static open(options: MessageWindowOptions): MessageWindow {
    return new MessageWindow(options);
  }

  /** Whether the window is closed, by this script or by a stranger's WM_CLOSE. */
  get closed(): boolean {
    return this.#state !== "open";
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
   * Takes the messages that are there now, and returns, also where others keep coming: it takes at
   * most 10,000.
   *
   * @throws {Deno.errors.BadResource} If the window is closed.
   * @throws What the procedure throws.
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
   * Takes messages until the window is closed; the thread is blocked meanwhile.
   *
   * @throws {Deno.errors.BadResource} If the window is closed.
   * @throws What the procedure throws.
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
   * Destroys the window, unregisters its class and frees its procedure; on the thread that made it.
   *
   * @throws What the procedure throws at the window's last messages, after all is closed.
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

  /** Destroys the window, once; the procedure may be what calls this. */
  #destroy(): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    this.#state = "closing";
    windowsOfThisThread.delete(this.handle);
    if (this.handle !== 0n) user32().DestroyWindow(this.handle);
    this.#state = "closed";
    // The procedure may have asked for that at the window's last messages, when it was too early.
    if (this.#isToFree) this.#free();
    this.#endWait();
  }

  #free(): void {
    this.#isToFree = true;
    this.#windowClass.close();
    this.#procedure.close();
  }

  /** Has `run()` of this thread look at what has become of the window: Windows ends no wait for messages by itself. */
  #endWait(): void {
    if (running > 0) user32().PostMessageW(0n, WM_NULL, 0n, 0n);
  }

  /** Answers a message, and keeps what the procedure throws, for no error can pass through Windows. */
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
    // The system undoes what it has made of a window that the procedure refused.
    if (this.#refused) this.#state = "closing";
    const when = LIFE[message];
    if (when !== undefined && when !== this.#state) {
      // A stranger's, which is taken for no more than the wish to close the window.
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

/** A name for a class that no other window has. */
export function uniqueClass(): string {
  return `winipc-${crypto.randomUUID()}`;
}

/** Throws unless a value can be the title of a window. */
export function assertTitle(name: string, value: unknown): void {
  assertWide(name, value, { max: MAX_TEXT });
}

function assertAnswer(answer: unknown): asserts answer is bigint {
  if (typeof answer === "bigint") return;
  const what = answer instanceof Promise ? "a promise" : show(answer);
  throw new TypeError(
    `Expected a window procedure to answer a bigint or undefined, and at once, got ${what}`,
  );
}

/** Has the system run the procedure of the window that a message was posted to. */
function dispatch(message: Uint8Array<ArrayBuffer>): void {
  const fields = new DataView(message.buffer);
  const number = fields.getUint32(8, true);
  // Windows would end nothing by this one, and call the address in the other: anybody can post both.
  const isTimer = number === WM_TIMER || number === WM_SYSTIMER;
  const callsAddress = isTimer && fields.getBigInt64(24, true) !== 0n;
  if (number !== WM_QUIT && !callsAddress) user32().DispatchMessageW(message);
  throwProcedureFailure();
}
