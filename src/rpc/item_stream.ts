/**
 * A stream of items from a peer's handler, as its consumer sees it.
 *
 * @module
 */

import { type Calls, Outgoing } from "./calls.ts";
import { toError } from "./error.ts";
import { type AnswerFrame, KIND, type RequestFrame } from "./frame.ts";

/** The items of a peer's handler. The handler starts when the first item is asked for. */
export interface ItemStream<Item> extends AsyncIterableIterator<Item>, AsyncDisposable {
  /** Waits for the next item. */
  next(): Promise<IteratorResult<Item, undefined>>;
  /** Leaves the stream, so that the peer's handler ends. It does not wait for the handler. */
  return(): Promise<IteratorResult<Item, undefined>>;
  /** Leaves the stream, and rejects with the error. */
  throw(error?: unknown): Promise<IteratorResult<Item, undefined>>;
}

/** The call of a stream. */
interface StreamRequest {
  readonly name: string;
  readonly args: unknown;
  /** The number of items that the producer can send ahead. */
  readonly ahead: number;
  readonly signal: AbortSignal | undefined;
}

const DONE = { done: true, value: undefined } as const;

/** Receives the items of one stream. */
export class IncomingItems extends Outgoing implements ItemStream<unknown> {
  readonly #calls: Calls;
  readonly #request: StreamRequest;
  #args: unknown;
  /** The items that have come and that nobody has taken, from `#first` on. */
  #items: unknown[] = [];
  #first = 0;
  readonly #takers: PromiseWithResolvers<IteratorResult<unknown, undefined>>[] = [];
  /** The number of items that the peer can still send. */
  #credit: number;
  /** The number of taken items for which the peer has no credit yet. */
  #owed = 0;
  #state: "new" | "open" | "over" = "new";
  /** The error that the next taker gets, after the items that have come. */
  #failure: { readonly error: unknown } | undefined;

  /** Makes a stream whose call is not sent yet. The options were checked. */
  constructor(calls: Calls, request: StreamRequest) {
    super();
    this.#calls = calls;
    this.#request = request;
    this.#args = request.args;
    this.#credit = request.ahead;
  }

  request(id: number): RequestFrame {
    const args = this.#args;
    this.#args = undefined;
    return [KIND.stream, id, this.#request.name, args, this.#request.ahead];
  }

  answer(frame: AnswerFrame): boolean {
    switch (frame[0]) {
      case KIND.items:
        for (const value of frame[2]) this.#take(value);
        return false;
      case KIND.error:
        this.fail(toError(frame[2]));
        return true;
      case KIND.end:
        this.#finish(undefined);
        return true;
      default:
        throw new Deno.errors.InvalidData(`The peer answered stream ${this.id} as a call`);
    }
  }

  fail(error: unknown): void {
    this.#finish({ error });
  }

  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#state === "new") this.#open();
    if (this.#first < this.#items.length) {
      const value = this.#items[this.#first];
      // The array keeps its length until it is empty, because shift() moves all other items.
      this.#items[this.#first++] = undefined;
      if (this.#first === this.#items.length) {
        this.#items = [];
        this.#first = 0;
      }
      this.#giveBack();
      return Promise.resolve({ done: false, value });
    }
    if (this.#state === "over") return this.#lastResult();
    const taker = Promise.withResolvers<IteratorResult<unknown, undefined>>();
    this.#takers.push(taker);
    return taker.promise;
  }

  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#leave(undefined, undefined);
    return Promise.resolve(DONE);
  }

  throw(error?: unknown): Promise<IteratorResult<unknown, undefined>> {
    this.#leave(undefined, undefined);
    return Promise.reject(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  #open(): void {
    const { signal } = this.#request;
    if (signal?.aborted) return this.#finish({ error: signal.reason });
    this.#state = "open";
    signal?.addEventListener("abort", this.#abort, { once: true });
    this.#calls.begin(this);
  }

  readonly #abort = () => {
    const reason: unknown = this.#request.signal?.reason;
    this.#leave({ error: reason }, reason);
  };

  /** Gives the stream up. Items that have come are dropped. */
  #leave(failure: { readonly error: unknown } | undefined, reason: unknown): void {
    const wasOpen = this.#state === "open";
    this.#finish(failure);
    this.#items = [];
    this.#first = 0;
    this.#failure = failure === undefined ? undefined : this.#failure;
    if (wasOpen) this.#calls.giveUp(this, reason);
  }

  /** Ends the stream. Takers get the failure first, and then the end. */
  #finish(failure: { readonly error: unknown } | undefined): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#args = undefined;
    this.#request.signal?.removeEventListener("abort", this.#abort);
    this.#failure = failure;
    for (const taker of this.#takers.splice(0)) {
      this.#lastResult().then(taker.resolve, taker.reject);
    }
  }

  #lastResult(): Promise<IteratorResult<unknown, undefined>> {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure === undefined ? Promise.resolve(DONE) : Promise.reject(failure.error);
  }

  #take(value: unknown): void {
    if (this.#credit === 0) {
      throw new Deno.errors.InvalidData(
        `The peer sent more items of stream ${this.id} than it has credit for`,
      );
    }
    this.#credit--;
    // The peer may send until it knows that the script has left.
    if (this.#state === "over") return;
    const taker = this.#takers.shift();
    if (taker === undefined) {
      this.#items.push(value);
      return;
    }
    taker.resolve({ done: false, value });
    this.#giveBack();
  }

  /** Counts a taken item, and gives credit in groups, so that few frames carry it. */
  #giveBack(): void {
    this.#owed++;
    if (this.#owed * 2 < this.#request.ahead || this.#state !== "open") return;
    this.#credit += this.#owed;
    this.#calls.grant(this, this.#owed);
    this.#owed = 0;
  }
}
