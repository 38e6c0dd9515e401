/**
 * Threads of this module, which may block in a call, and the script's thread as they see it.
 *
 * They are threads of `node:worker_threads` and not the web's Workers. Such a thread can be told not to
 * keep the process alive, and does not keep it from ending while it blocks.
 *
 * @module
 */

import type { Worker } from "node:worker_threads";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { closeByMyself, type Handle } from "../../ffi/handle.ts";
import { currentThread, openSameThread, type ThreadIdentity } from "../../ffi/process_thread.ts";
import { blockOn } from "../../ffi/kernel_object.ts";
import { inWorker } from "../../ffi/platform.ts";

/**
 * Wine 10 puts the bytes of a message to a window on the stack of the window's thread, and more than
 * fits there can end the process. This much is reserved, and used where it is needed.
 */
const WINE_STACK_SIZE_MB = 256;

/** How to start a thread. */
export interface ThreadOptions {
  /** What the module finds as `workerData`. */
  data: unknown;
  /** Whether the thread has a window, to which others send. @default false */
  hasWindow?: boolean;
  /** Takes what the module posts, if it posts anything. */
  onMessage?: (message: unknown) => void;
  /** Is told that the thread is over, and the error that ended it, if one did. */
  onEnd: (error: Error | undefined) => void;
}

/** A thread that runs a module of ours. */
export class Thread {
  readonly #worker: Worker;

  private constructor(worker: Worker, { onMessage, onEnd }: ThreadOptions) {
    this.#worker = worker;
    let failure: Error | undefined;
    if (onMessage !== undefined) worker.on("message", onMessage);
    worker.on("error", (error: Error) => failure = error);
    worker.on("exit", () => onEnd(failure));
  }

  /**
   * Starts a thread.
   *
   * @throws {Deno.errors.NotCapable} If the module is a local file and may not be read.
   */
  static async start(module: string, options: ThreadOptions): Promise<Thread> {
    // Only when it is used: loading it takes ten milliseconds.
    const { Worker } = await import("node:worker_threads");
    const limits = options.hasWindow && isWine()
      ? { resourceLimits: { stackSizeMb: WINE_STACK_SIZE_MB } }
      : {};
    const worker = new Worker(entryFor(module), { workerData: options.data, ...limits });
    return new Thread(worker, options);
  }

  /** Lets the process end while the thread lives. */
  unref(): void {
    this.#worker.unref();
  }

  /** Makes the process live for as long as the thread does, as it is at first. */
  ref(): void {
    this.#worker.ref();
  }
}

/** A URL that node's Worker takes: it knows no https, and a data URL can import from there. */
function entryFor(module: string): URL {
  return module.startsWith("file:")
    ? new URL(module)
    : new URL(`data:text/javascript,import ${encodeURIComponent(JSON.stringify(module))}`);
}

/** How often a thread looks whether a parent that can end has ended, where it cannot wait for that, in milliseconds. */
const LOOK_INTERVAL = 250;

/** A script's thread as its own threads are told of it; the process ends with the main thread. */
export type ParentIdentity = ThreadIdentity | "main";

/** This thread, for those that it starts. */
export function asParent(): ParentIdentity {
  return inWorker() ? currentThread() : "main";
}

/**
 * The thread that started this one. When it ends, which a Worker can at any moment, this thread has to
 * end as well, and to take nothing more for it.
 */
export class Parent implements Disposable {
  /** How often to look whether it has ended, in milliseconds; `Infinity` if it ends with the process. */
  readonly lookInterval: number;
  readonly #thread: Handle | undefined;

  /**
   * Opens the thread; this one closes all that it opens by itself from then on.
   *
   * @param identity The thread, by {@linkcode asParent} there.
   */
  constructor(identity: ParentIdentity) {
    closeByMyself();
    this.lookInterval = identity === "main" ? Infinity : LOOK_INTERVAL;
    this.#thread = identity === "main" ? undefined : openSameThread(identity);
  }

  /** Its handle, to wait for its end; none if it ends with the process, or has ended already. */
  get handles(): bigint[] {
    return this.#thread === undefined ? [] : [this.#thread.value];
  }

  /** Whether it has ended. */
  get hasEnded(): boolean {
    if (this.#thread === undefined) return this.lookInterval !== Infinity;
    return blockOn(this.#thread, 0) !== undefined;
  }

  /** Closes the handle. */
  [Symbol.dispose](): void {
    this.#thread?.close();
  }
}
