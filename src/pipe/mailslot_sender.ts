/**
 * The sending end of a mailslot.
 *
 * @see {@link https://learn.microsoft.com/windows/win32/ipc/writing-to-a-mailslot}
 * @module
 */

import {
  assertOptions,
  bytesOf,
  type ByteSource,
  copyOfBytes,
  oneOf,
  type OptionChecks,
} from "../../ffi/arguments.ts";
import { type Handle, Uncloneable } from "../../ffi/handle.ts";
import { openMailslotToWrite, writeToMailslot } from "../../ffi/mailslot.ts";
import { assertOwnedBySelf } from "../../ffi/security.ts";
import { mailslotPath } from "./name.ts";

/** Maximum size of a sent message in bytes, because Windows takes the size as 32 bits. */
const MAX_SENT = 2 ** 32 - 1;

/** Options of {@linkcode openMailslot}. */
export interface OpenMailslotOptions {
  /**
   * With `"self"`, this user must own the mailslot. Otherwise another user's program may have
   * created the name first, and receive the messages.
   *
   * Wine does not tell a sender the owner, so there the call throws.
   *
   * @default no check
   */
  owner?: "self";
}

const OPEN_CHECKS: OptionChecks<OpenMailslotOptions> = { owner: oneOf(["self"]) };

let makeSender: (handle: Handle, path: string) => MailslotSender;

/**
 * Opens a mailslot to send messages to it.
 *
 * @example Send a message
 * ```ts
 * import { Mailslot, openMailslot } from "@winipc/winipc/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using mailslot = Mailslot.create("docs of openMailslot");
 *
 * using sender = openMailslot("docs of openMailslot");
 * sender.send(Uint8Array.of(1, 2, 3));
 *
 * assertEquals(await mailslot.receive({ timeout: 5000 }), Uint8Array.of(1, 2, 3));
 * ```
 *
 * @param name The mailslot's name, such as `log`, or its path, such as `\\.\mailslot\log`. Case is
 *   ignored.
 * @throws {Deno.errors.NotFound} If no process has created a mailslot with the name.
 * @throws {Deno.errors.PermissionDenied} If the mailslot does not admit this user, or another user
 *   owns it and `owner` is `"self"`.
 * @throws {Deno.errors.Busy} If another program has opened the mailslot and does not share it.
 * @throws {Deno.errors.NotSupported} If the path belongs to another machine or to a domain.
 * @throws {TypeError} If the name or an option is invalid.
 * @throws {RangeError} If the path has more than 256 characters.
 */
export function openMailslot(name: string, options: OpenMailslotOptions = {}): MailslotSender {
  const path = mailslotPath(name);
  assertOptions(options, OPEN_CHECKS);
  using stack = new DisposableStack();
  const readsOwner = options.owner === "self";
  const label = `mailslot "${path}"`;
  const handle = stack.use(openMailslotToWrite({ path, label, readsOwner }));
  if (readsOwner) assertOwnedBySelf(handle.value, `the ${label}`);
  stack.move();
  return makeSender(handle, path);
}

/**
 * A sending end of a mailslot, which {@linkcode openMailslot} returns.
 *
 * @example Send texts
 * ```ts
 * import { Mailslot, type MailslotSender, openMailslot } from "@winipc/winipc/pipe";
 * import { assertEquals } from "@std/assert";
 *
 * using mailslot = Mailslot.create("docs of MailslotSender");
 * using sender: MailslotSender = openMailslot("docs of MailslotSender");
 * for (const text of ["one", "two"]) sender.send(new TextEncoder().encode(text));
 * assertEquals(mailslot.info.messageCount, 2);
 * ```
 */
export class MailslotSender extends Uncloneable implements Disposable {
  /** The mailslot's path: `\\.\mailslot\x`. */
  readonly path: string;
  readonly #handle: Handle;

  static {
    makeSender = (...args) => new MailslotSender(...args);
  }

  private constructor(handle: Handle, path: string) {
    super();
    this.#handle = handle;
    this.path = path;
  }

  /**
   * Sends a message.
   *
   * The message is taken, not delivered: when this method returns, Windows has the message. The
   * receiver may never receive it, and nothing tells the sender. The method never waits, also if
   * the receiver does not receive, because Windows keeps any number of messages.
   *
   * On Wine, a mailslot whose receiver has gone takes messages as long as a sender has it open.
   *
   * @param bytes The message. It can be empty.
   * @throws {Deno.errors.BrokenPipe} If the receiver has closed the mailslot or has ended.
   * @throws {Deno.errors.InvalidData} If the message is longer than the mailslot's
   *   `maxMessageSize`. Wine takes it, and the receiver drops it.
   * @throws {TypeError} If the message is not bytes.
   * @throws {RangeError} If the message has 4 GiB or more.
   * @throws {Deno.errors.BadResource} If this sender is closed.
   */
  send(bytes: ByteSource): void {
    const { length } = bytesOf("the message", bytes);
    if (length > MAX_SENT) {
      throw new RangeError(`Expected a message of at most ${MAX_SENT} bytes, got ${length}`);
    }
    writeToMailslot(this.#handle, copyOfBytes("the message", bytes));
  }

  /** Closes the sender. The messages that it has sent can still be received. */
  close(): void {
    this.#handle.close();
  }

  /** Closes the sender at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}
