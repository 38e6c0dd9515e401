/**
 * Starts the module's own threads, which can block, and lets them watch the thread that started
 * them.
 *
 * They are Workers of `node:worker_threads`, not web Workers. Such a Worker can be unreferenced, so
 * that it does not keep the process alive. The process can end even while the Worker blocks.
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
 * Stack size of a thread with a window on Wine, in MB. Wine 10 puts the bytes of a window message
 * on this stack. A message that does not fit can end the process. Only the used part takes memory.
 */
const WINE_STACK_SIZE_MB = 256;

/** The data of a new thread, and the functions that it calls. */
export interface ThreadOptions {
  /** The path of the program in this package, for stack traces. */
  path: string;
  /** The value of `workerData` in the program. */
  data: unknown;
  /** Whether the thread has a window that other threads send messages to. @default false */
  hasWindow?: boolean;
  /** Gets each value that the thread posts. */
  onMessage?: (message: unknown) => void;
  /** Called at the end of the thread, with the error that ended it, if there was one. */
  onEnd: (error: Error | undefined) => void;
}

/** A thread that runs one of this library's programs. */
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
   * @param program The text of a module that imports only Node's modules.
   */
  static async start(program: string, options: ThreadOptions): Promise<Thread> {
    // Imported at the first use, because that takes ten milliseconds.
    const { Worker } = await import("node:worker_threads");
    const limits = options.hasWindow && isWine()
      ? { resourceLimits: { stackSizeMb: WINE_STACK_SIZE_MB } }
      : {};
    const worker = new Worker(urlOf(program, options.path), {
      workerData: options.data,
      ...limits,
    });
    return new Thread(worker, options);
  }

  /** Lets the process end while the thread lives. */
  unref(): void {
    this.#worker.unref();
  }

  /** Keeps the process alive until the thread ends. This is the default. */
  ref(): void {
    this.#worker.ref();
  }
}

/**
 * Returns a data URL with a program. A thread can start from it without a permission, and in a
 * bundled or compiled script.
 *
 * The source map names the program's path in stack traces, where Deno shows the data URL otherwise
 * and ignores `sourceURL`. The map maps the start of each line to the start of the same line.
 */
function urlOf(program: string, path: string): URL {
  const others = program.split("\n").length - 1;
  const map = JSON.stringify({
    version: 3,
    sources: [`winipc:${path}`],
    names: [],
    mappings: `AAAA${";AACA".repeat(others)}`,
  });
  const comment = `//# sourceMappingURL=data:application/json;base64,${btoa(map)}`;
  // Only what a URL would change is encoded, because a longer URL delays the start of the thread.
  const encoded = `${program}\n${comment}`.replaceAll(/[%#\t\r\n]/g, encodeURIComponent);
  return new URL(`data:text/javascript,${encoded}`);
}

/**
 * Interval in milliseconds at which a thread checks for its parent's end if it cannot wait for it.
 */
const LOOK_INTERVAL = 250;

/**
 * The identity of a parent thread. The main thread needs none, because the process ends with it.
 */
export type ParentIdentity = ThreadIdentity | "main";

/** Returns the identity of this thread, for the threads that it starts. */
export function asParent(): ParentIdentity {
  return inWorker() ? currentThread() : "main";
}

/**
 * The thread that started this thread. A Worker can end at any moment. Then this thread must end
 * too, and must not take anything more on the parent's behalf.
 */
export class Parent implements Disposable {
  /**
   * Interval for checking its end, in milliseconds. `Infinity` if the process ends with the parent.
   */
  readonly lookInterval: number;
  readonly #thread: Handle | undefined;

  /**
   * Opens the parent thread. From then on, this thread must close all of its resources itself,
   * because it has no reaper.
   *
   * @param identity The result of {@linkcode asParent} in the parent thread.
   */
  constructor(identity: ParentIdentity) {
    closeByMyself();
    this.lookInterval = identity === "main" ? Infinity : LOOK_INTERVAL;
    this.#thread = identity === "main" ? undefined : openSameThread(identity);
  }

  /**
   * The parent's handle, to wait for its end. Empty for the main thread and for an ended parent.
   */
  get handles(): bigint[] {
    return this.#thread === undefined ? [] : [this.#thread.value];
  }

  /** Whether the parent has ended. */
  get hasEnded(): boolean {
    if (this.#thread === undefined) return this.lookInterval !== Infinity;
    return blockOn(this.#thread, 0) !== undefined;
  }

  /** Closes the parent's handle. */
  [Symbol.dispose](): void {
    this.#thread?.close();
  }
}
