/**
 * Links to the parent process over the standard streams: the child's end.
 *
 * @module
 */

import { assertOptions } from "../../../ffi/arguments.ts";
import { type WaitOptions, within } from "../../wait/options.ts";
import { Lock } from "../../wait/queue.ts";
import type { MessageLink } from "../link.ts";
import { LINK_CHECKS, type LinkOptions } from "./content.ts";
import { type ByteStream, FramedTransport, writeInTurn } from "./framed.ts";
import { linkOver } from "./transport.ts";

/** Maximum number of bytes of a read. */
const READ_SIZE = 65_536;
/** Time for the parent to take the last bytes when the link is closed, in milliseconds. */
const MAX_DRAIN = 5000;

/**
 * Makes a link to the parent process over this process's standard input and output. The parent
 * calls {@linkcode childLink}.
 *
 * The script must not write to its standard output in another way: `console.log()` ends the link
 * with `InvalidData` at the parent. `console.error()` is free.
 *
 * After the link's end, the process lives until the parent closes the input. `childLink()` does so.
 *
 * @example Serve the parent
 * ```ts
 * import { childLink, client } from "@winipc/winipc/rpc";
 * import { spawn } from "@winipc/winipc/process";
 * import { assertEquals } from "@std/assert";
 *
 * // In practice, the child's script is a file.
 * const script = `
 *   import { serve, stdioLink } from "@winipc/winipc/rpc";
 *   const service = serve(stdioLink(), { greet: (name) => "Hello, " + name });
 *   await service.finished;
 *   console.error("The parent has closed the link");`;
 *
 * await using child = spawn(Deno.execPath(), {
 *   args: ["eval", "--no-check", script],
 *   stdin: "piped",
 *   stdout: "piped",
 *   stderr: "null",
 * });
 * {
 *   await using greeter = client<{ greet: (name: string) => string }>(childLink(child));
 *   assertEquals(await greeter.call("greet", "Ada"), "Hello, Ada");
 * }
 * assertEquals((await child.status).code, 0);
 * ```
 *
 * @throws {TypeError} If an option is invalid.
 * @throws {RangeError} If an option is out of range.
 */
export function stdioLink(options: LinkOptions = {}): MessageLink {
  assertOptions(options, LINK_CHECKS);
  return linkOver(new FramedTransport(new StdioStream(), options));
}

/** The child's end of its standard streams. */
class StdioStream implements ByteStream {
  readonly label = "link to the parent process over the standard streams";
  readonly peer = undefined;
  readonly hint = "the parent must use childLink()";
  readonly #buffer = new Uint8Array(READ_SIZE);
  /** Held by the write that is in flight. */
  readonly #lock = new Lock((timeout) => this.#late(timeout));
  /** Ends the wait for the write that is in flight. */
  #stopWrite: (() => void) | undefined;
  #isClosed = false;

  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const length = await Deno.stdin.read(this.#buffer);
    return length === null ? undefined : this.#buffer.slice(0, length);
  }

  async write(bytes: Uint8Array<ArrayBuffer>, options: WaitOptions): Promise<void> {
    const late = (timeout: number) => this.#late(timeout);
    await writeInTurn(this.#lock, () => this.#writeAll(bytes), { ...options, late });
  }

  async close(): Promise<void> {
    // The lock is free when all writes are over.
    await within(this.#lock.acquire(), MAX_DRAIN);
    await this.abort();
  }

  // deno-lint-ignore require-await -- the streams stay open: they belong to the process
  async abort(): Promise<void> {
    this.#isClosed = true;
    // The write itself goes on until the parent reads.
    this.#stopWrite?.();
  }

  async #writeAll(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) {
        if (this.#isClosed) break;
        at += await this.#writeSome(bytes.subarray(at));
      }
    } catch (cause) {
      if (!this.#isClosed) throw this.#broken(cause);
    } finally {
      this.#stopWrite = undefined;
    }
    if (this.#isClosed) throw new Deno.errors.BadResource(`The ${this.label} is closed`);
  }

  async #writeSome(bytes: Uint8Array): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#stopWrite = () => reject();
    Deno.stdout.write(bytes).then(resolve, reject);
    return await promise;
  }

  #broken(cause: unknown): Deno.errors.BrokenPipe {
    return new Deno.errors.BrokenPipe(
      `Cannot send over the ${this.label}: the parent has ended, or has closed the stream`,
      { cause },
    );
  }

  #late(timeout: number): Deno.errors.TimedOut {
    return new Deno.errors.TimedOut(
      `Waited ${timeout} ms to send over the ${this.label}: the parent does not read`,
    );
  }
}
