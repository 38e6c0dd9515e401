/**
 * Hands handles over to another thread of this process, such as a Worker: the thread gets a token
 * by a message, and takes the handles out of it.
 *
 * A clone of a token shares the token's words, so only one thread can take the handles, and only
 * once. A word is in a `SharedArrayBuffer`, which no other process can get.
 *
 * @module
 */

import { assertObject, assertString, show } from "./arguments.ts";
import { type HandedOver, handOver, takeOver } from "./handle.ts";
import { kernel32 } from "./win32/kernel32.ts";
import { startOf } from "./process_thread.ts";

/** The kind of object that a {@linkcode WorkerToken} hands over. */
export type WorkerTokenKind =
  | "memory"
  | "event"
  | "semaphore"
  | "mutex"
  | "channel"
  | "broadcast ring";

/** The methods that take a token, by the token's kind. */
const TAKERS: Record<WorkerTokenKind, string> = {
  memory: "SharedMemory.fromWorker()",
  event: "SharedEvent.fromWorker()",
  semaphore: "SharedSemaphore.fromWorker()",
  mutex: "SharedMutex.fromWorker()",
  channel: "RingChannel.fromWorker()",
  "broadcast ring": "BroadcastRing.fromWorker()",
};

/** The fields of a {@linkcode WorkerToken}, which its clones have too. */
export interface WorkerTokenFields {
  /** The kind of object. */
  readonly kind: WorkerTokenKind;
  /** The object's full name, or `undefined` if it has none. */
  readonly name: string | undefined;
  /** The process that made the token. No other process can use it. */
  readonly pid: number;
  /** The start time of that process, because Windows uses process ids again. */
  readonly start: bigint;
  /** The handles of the object's parts. */
  readonly parts: readonly HandedOver[];
}

export type { HandedOver };

/** Makes the token of an object with one handle. The token owns the handle from now on. */
export let tokenOver: (
  kind: WorkerTokenKind,
  name: string | undefined,
  handle: bigint,
) => WorkerToken;

/** Makes one token of several. Closes them if this fails. */
export let tokenOfParts: (
  kind: WorkerTokenKind,
  name: string | undefined,
  parts: readonly (() => WorkerToken)[],
) => WorkerToken;

/**
 * Hands an object over to another thread of this process: `forWorker()` of the object makes the
 * token. Post the token to the Worker, which passes it to `fromWorker()` of the class. The Worker
 * gets a handle of its own.
 *
 * A token works once, also if it was cloned several times, and only in this process. A token that
 * nobody takes keeps the object in existence: close it. A Worker's token is closed with the Worker.
 *
 * @example Hand memory over to a Worker
 * ```ts
 * import { SharedMemory } from "@winipc/winipc/memory";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = SharedMemory.anonymous(4096);
 * using view = memory.map();
 * // This thread calls worker.postMessage(memory.forWorker()) …
 * const data = structuredClone(memory.forWorker());
 *
 * // … and the Worker gets the token as event.data.
 * using same = SharedMemory.fromWorker(data);
 * using seen = same.map();
 * seen.bytes[0] = 42;
 * assertEquals(view.bytes[0], 42);
 * ```
 */
export class WorkerToken implements WorkerTokenFields, Disposable {
  /** The kind of object. */
  readonly kind: WorkerTokenKind;
  /** The object's full name, or `undefined` if it has none. */
  readonly name: string | undefined;
  /** The id of the process that made the token. */
  readonly pid: number;
  /** The start time of that process, in units of 100 nanoseconds since 1601. */
  readonly start: bigint;
  /** The handles of the object's parts. */
  readonly parts: readonly HandedOver[];

  static {
    tokenOver = (kind, name, handle) => {
      try {
        return new WorkerToken(kind, name, [handOver(handle)]);
      } catch (error) {
        kernel32().CloseHandle(handle);
        throw error;
      }
    };
    tokenOfParts = (kind, name, parts) => {
      using stack = new DisposableStack();
      const tokens = parts.map((make) => stack.use(make()));
      const token = new WorkerToken(kind, name, tokens.flatMap(({ parts }) => parts));
      stack.move();
      return token;
    };
  }

  private constructor(
    kind: WorkerTokenKind,
    name: string | undefined,
    parts: readonly HandedOver[],
  ) {
    this.kind = kind;
    this.name = name;
    this.pid = Deno.pid;
    this.start = startOf();
    this.parts = parts;
  }

  /** Closes the handles, unless a thread has taken them. After that, no thread can take them. */
  close(): void {
    for (const part of this.parts) {
      const handle = takeOver(part);
      // If the first part is taken, all parts belong to the thread that took it.
      if (handle === undefined) return;
      kernel32().CloseHandle(handle);
    }
  }

  /** Closes the token at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Takes the handles out of a token. The caller owns them from now on.
 *
 * @param token The token, or a clone of it.
 * @param kind The kind that the token must have.
 * @param count The number of handles that an object of this kind has.
 * @returns The handles' values, in the order of the parts.
 * @throws {TypeError} If the value is not a token of this kind.
 * @throws {Deno.errors.BadResource} If the token was taken or closed, or belongs to another process.
 */
export function takeToken(
  token: WorkerTokenFields,
  kind: WorkerTokenKind,
  count: number = 1,
): readonly bigint[] {
  assertToken(token, kind, count);
  const { pid, start, parts } = token;
  if (pid !== Deno.pid || start !== startOf()) {
    throw new Deno.errors.BadResource(
      `Cannot take the token of the ${labelOf(token)}: it belongs to process ${pid}, and a token ` +
        "works only in the process that made it",
    );
  }
  using stack = new DisposableStack();
  const handles = parts.map((part) => {
    const handle = takeOver(part);
    if (handle === undefined) {
      throw new Deno.errors.BadResource(
        `Cannot take the token of the ${labelOf(token)}: it was taken or closed; a token works ` +
          "once, so call forWorker() once for each thread",
      );
    }
    stack.defer(() => kernel32().CloseHandle(handle));
    return handle;
  });
  stack.move();
  return handles;
}

function labelOf({ kind, name }: WorkerTokenFields): string {
  return name === undefined ? `anonymous ${kind}` : `${kind} "${name}"`;
}

function assertToken(token: WorkerTokenFields, kind: WorkerTokenKind, count: number): void {
  assertObject("the token", token);
  const isWhole = Object.hasOwn(TAKERS, token.kind) && Number.isSafeInteger(token.pid) &&
    typeof token.start === "bigint" && Array.isArray(token.parts) && token.parts.every(isPart);
  if (!isWhole) {
    throw new TypeError(
      `Expected the token to be the result of forWorker() as it was posted, got ${show(token)}`,
    );
  }
  if (token.name !== undefined) assertString("the token's name", token.name);
  if (token.kind === kind && token.parts.length === count) return;
  throw new TypeError(
    `Expected a token of the kind "${kind}", got "${token.kind}": use ${TAKERS[token.kind]}`,
  );
}

function isPart(part: unknown): boolean {
  if (typeof part !== "object" || part === null) return false;
  const { words, index, number }: { [Name in keyof HandedOver]?: unknown } = part;
  return words instanceof SharedArrayBuffer && words.byteLength % 8 === 0 &&
    Number.isSafeInteger(index) && Number(index) >= 0 && typeof number === "bigint" &&
    number >= 0n && number < 2n ** 64n;
}
