/**
 * A script that runs once at a time.
 *
 * @module
 */

import {
  assertFunction,
  assertOptions,
  assertString,
  type OptionChecks,
  show,
} from "../../ffi/arguments.ts";
import { unless } from "../../ffi/error.ts";
import { Uncloneable } from "../../ffi/handle.ts";
import { currentDirectory } from "../../ffi/process_thread.ts";
import { objectName } from "../names.ts";
import { listenPipe, type PipeConnection, type PipeListener } from "../pipe/mod.ts";
import { EVENT_LOOP } from "../wait/event_loop.ts";
import { deadlineAfter, sleep, timeLeft, WAIT_CHECKS, type WaitOptions } from "../wait/options.ts";
import {
  type Answer,
  decodeHandover,
  encodeAnswer,
  encodeHandover,
  MAX_LENGTH,
} from "./message.ts";
import { instancePipe } from "./pipe.ts";
import { handOver } from "./second.ts";

/** Options of {@linkcode SingleInstance.acquire}. */
export interface AcquireOptions extends WaitOptions {
  /**
   * Called in the first process for each later one, in the order in which these come. A later
   * process ends its wait when this function has returned, or its promise is fulfilled.
   *
   * If it throws or rejects, the error goes to `onError`, and `acquire` rejects in the later process.
   *
   * @default does nothing
   */
  onSecond?: (args: string[], cwd: string) => unknown;
  /**
   * Called in the first process with an error of `onSecond`, or if Windows lets no later process in.
   *
   * @default ignores the error
   */
  onError?: (error: unknown) => void;
  /** The arguments that a later process hands over, at most 1 MiB. @default Deno.args */
  args?: readonly string[];
  /** The directory that a later process hands over. @default the current directory */
  cwd?: string;
}

/** The checks of {@linkcode AcquireOptions}. */
export const ACQUIRE_CHECKS: OptionChecks<AcquireOptions> = {
  ...WAIT_CHECKS,
  onSecond: assertFunction,
  onError: assertFunction,
  args: assertTexts,
  cwd: assertString,
};

function assertTexts(what: string, value: unknown): void {
  // A copy, because every() skips the holes of an array.
  if (Array.isArray(value) && [...value].every((text) => typeof text === "string")) return;
  throw new TypeError(`Expected ${what} to be an array of strings, got ${show(value)}`);
}

/**
 * Maximum time for a later process to send its arguments, and to take the answer, in milliseconds.
 * So a process that sends nothing does not keep its place.
 */
const MAX_HANDOVER = 5000;
/** Number of later processes that can connect at the same moment. Further ones wait for a place. */
const BACKLOG = 16;
/** Maximum number of later processes that are served at a time. */
const MAX_CONNECTIONS = 64;
/** Maximum pause between two attempts of a later process, in milliseconds. */
const MAX_PAUSE = 32;
/** Pause after Windows has let no later process in, in milliseconds. */
const AFTER_ERROR = 1000;

/**
 * A script that runs once at a time. The process that holds this object is the first. A process that
 * starts later hands its arguments over to the first.
 *
 * @example Open files in the window that is already there
 * ```ts
 * import { SingleInstance } from "@winipc/winipc/instance";
 *
 * await using instance = await SingleInstance.acquire("docs of SingleInstance", {
 *   onSecond: (args, cwd) => console.log("open", args, "in", cwd),
 * });
 * if (!instance) Deno.exit();
 * console.log("This is the first process: open", Deno.args);
 * ```
 */
export class SingleInstance extends Uncloneable implements AsyncDisposable {
  /** The full name, `Local\…` or `Global\…`. */
  readonly name: string;
  readonly #listener: PipeListener;
  readonly #options: AcquireOptions;
  /** The later processes, and whether their arguments are taken, so that only the answer is left. */
  readonly #seconds = new Map<PipeConnection, { isAnswered: boolean }>();
  readonly #closing = new AbortController();
  #isHeld = true;

  private constructor(name: string, path: string, options: AcquireOptions) {
    super();
    this.name = name;
    this.#options = options;
    this.#listener = listenPipe({
      name: path,
      mode: "messages",
      maxMessageLength: MAX_LENGTH,
      backlog: BACKLOG,
      maxConnections: MAX_CONNECTIONS,
    });
    void this.#serve();
  }

  /**
   * Makes this process the first of a name, or hands its arguments over to the first.
   *
   * The first process keeps the name until the object is closed, or the process ends in any way. If
   * the first one ends before it has taken the arguments, this process becomes the first.
   *
   * Each user has own names. They hold in one session; with the prefix `Global\` they hold in all
   * sessions of the user. Windows ignores the case of the name.
   *
   * @param name The name: choose one that no other script uses.
   * @returns The object of the first process; `undefined` in a later process, whose arguments the
   *   first has taken.
   * @throws {Error} If `onSecond` of the first process failed.
   * @throws {Deno.errors.TimedOut} If the first process did not take the arguments in time.
   * @throws {Deno.errors.PermissionDenied} If another user has taken the pipe of this name.
   * @throws {Deno.errors.InvalidData} If the first process is another program, whose answer is
   *   invalid.
   * @throws {TypeError} If the name or an option is invalid.
   * @throws {RangeError} If the name or the arguments are too long.
   */
  static async acquire(
    name: string,
    options: AcquireOptions = {},
  ): Promise<SingleInstance | undefined> {
    const full = objectName(name);
    assertOptions(options, ACQUIRE_CHECKS);
    const { timeout = Infinity, signal, args = Deno.args } = options;
    signal?.throwIfAborted();
    const label = `single instance "${full}"`;
    const path = instancePipe(full);
    const bytes = encodeHandover({ args, cwd: options.cwd ?? currentDirectory() });
    const deadline = deadlineAfter(timeout);
    for (let pause = 1;; pause = Math.min(2 * pause, MAX_PAUSE)) {
      const begin = () => new SingleInstance(full, path, options);
      const first = unless(Deno.errors.AlreadyExists, begin);
      if (first !== undefined) return first;
      const answer = await handOver({ path, label, bytes, deadline, timeout, signal });
      if (answer?.outcome === "taken") return undefined;
      if (answer !== undefined) {
        const what = answer.outcome === "failed" ? "has failed in onSecond" : "takes no arguments";
        throw new Error(`The first process of the ${label} ${what}: ${answer.text}`);
      }
      // The first process has ended, so that this one can be the first. Before that, all others that
      // were connected to it must notice.
      const left = timeLeft(deadline);
      if (left === 0) {
        throw new Deno.errors.TimedOut(
          `Waited ${timeout} ms for the ${label}: its first process lets no other process in`,
        );
      }
      await sleep(Math.min(pause, left), signal);
    }
  }

  /** Whether the object is closed. */
  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /**
   * Frees the name, so that another process can be the first. A later process for which `onSecond`
   * is not over becomes the first, or hands its arguments over to the new first.
   *
   * @returns A promise that is fulfilled when the name is free.
   */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#listener.close();
    // A call of onSecond that ends the script is over in this turn. Its process gets the answer.
    await EVENT_LOOP.turn();
    const seconds = [...this.#seconds];
    for (const [connection, { isAnswered }] of seconds) {
      if (!isAnswered) connection.abort();
    }
    await Promise.all(seconds.map(([connection]) => connection.closed));
  }

  /** Makes this object keep the process alive, as it does by default. */
  ref(): void {
    this.#hold(true);
  }

  /** Lets the process end while this object waits for later processes. */
  unref(): void {
    this.#hold(false);
  }

  /** Closes the object at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    for (const object of [this.#listener, ...this.#seconds.keys()]) {
      if (isHeld) object.ref();
      else object.unref();
    }
  }

  async #serve(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      try {
        void this.#receive(await this.#listener.accept());
      } catch (error) {
        if (signal.aborted) return;
        this.#report(error);
        await sleep(AFTER_ERROR, signal).catch(() => {});
      }
    }
  }

  /** Takes the arguments of a later process, and answers. An error of that process ends it alone. */
  async #receive(connection: PipeConnection): Promise<void> {
    const state = { isAnswered: false };
    this.#seconds.set(connection, state);
    if (!this.#isHeld) connection.unref();
    const timeout = MAX_HANDOVER;
    try {
      const message = await connection.readMessage({ timeout });
      if (message === null) return;
      const answer = await this.#answer(message);
      state.isAnswered = true;
      await connection.write(encodeAnswer(answer), { timeout });
      // The answer stays in the pipe until the later process has read it, or has ended.
      connection.close();
    } catch {
      // The process has ended, or is too slow, or has sent something else.
    } finally {
      if (!state.isAnswered) connection.abort();
      else connection.close();
      this.#seconds.delete(connection);
    }
  }

  async #answer(message: Uint8Array<ArrayBuffer>): Promise<Answer> {
    try {
      const { args, cwd } = decodeHandover(message);
      try {
        await this.#options.onSecond?.(args, cwd);
        return { outcome: "taken", text: "" };
      } catch (error) {
        this.#report(error);
        return { outcome: "failed", text: textOf(error) };
      }
    } catch (error) {
      return { outcome: "refused", text: textOf(error) };
    }
  }

  /** Reports an error in a microtask, because an error of `onError` must not stop the object. */
  #report(error: unknown): void {
    queueMicrotask(() => this.#options.onError?.(error));
  }
}

/** Returns the text of any thrown value. Its own conversion to a text can throw. */
function textOf(error: unknown): string {
  try {
    return String(error);
  } catch {
    return "an error without a text";
  }
}
