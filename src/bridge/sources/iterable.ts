/**
 * Async iterables of bytes as sources.
 *
 * @module
 */

import { show } from "../../../ffi/arguments.ts";
import { unlessAborted } from "../unless_aborted.ts";
import { TakenSource } from "./taken.ts";

/**
 * Makes the source for an async iterable. The route returns its iterator in the end, or cancels the
 * stream.
 */
export function iterableSource(iterable: AsyncIterable<unknown>): TakenSource {
  const messages = new Messages(
    iterable instanceof ReadableStream ? readerOf(iterable) : iterable[Symbol.asyncIterator](),
  );
  return new TakenSource({
    label: "async iterable",
    take: (signal) => messages.take(signal),
    close: () => messages.close(),
  });
}

/** The parts of an iterator that a route uses. */
type Steps = Pick<AsyncIterator<unknown>, "next" | "return">;

/**
 * Returns the reader of a stream as an iterator. The stream's own iterator would cancel the stream
 * only after the step that is not over.
 */
function readerOf(stream: ReadableStream<unknown>): Steps {
  const reader = stream.getReader();
  return {
    async next() {
      const { done, value } = await reader.read();
      return done ? { done, value: undefined } : { done, value };
    },
    async return() {
      await reader.cancel();
      reader.releaseLock();
      return { done: true, value: undefined };
    },
  };
}

/** Takes the messages of an iterator. */
class Messages {
  readonly #iterator: Steps;
  /** The step that is not over. */
  #step: Promise<IteratorResult<unknown>> | undefined;
  #isDone = false;

  constructor(iterator: Steps) {
    this.#iterator = iterator;
  }

  async take(signal: AbortSignal): Promise<Uint8Array | undefined> {
    this.#step ??= Promise.resolve(this.#iterator.next());
    const { done, value } = await unlessAborted(this.#step, signal).catch((error) => {
      this.#isDone = !signal.aborted;
      throw error;
    });
    this.#step = undefined;
    this.#isDone = done === true;
    if (this.#isDone) return undefined;
    if (value instanceof Uint8Array) return value.slice();
    throw new TypeError(
      `Expected the async iterable to yield each message as a Uint8Array, got ${show(value)}`,
    );
  }

  async close(): Promise<void> {
    if (this.#isDone) return;
    const returned = this.#iterator.return?.();
    if (this.#step === undefined) {
      await returned;
      return;
    }
    // A generator returns only after the step that is not over, which can last for ever.
    this.#step.catch(() => {});
    returned?.catch(() => {});
  }
}
