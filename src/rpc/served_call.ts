/**
 * A call of a peer, from its request until its handler has settled and its last answer is sent.
 *
 * @module
 */

import { show } from "../../ffi/arguments.ts";
import { type ErrorRecord, shortRecord, toError, toRecord, withoutValues } from "./error.ts";
import { type AnswerFrame, cut, KIND, MAX_AHEAD } from "./frame.ts";
import type { CallContext, Handler } from "./handler.ts";
import { isQuick, ItemGroup } from "./item_group.ts";
import type { LinkPeer } from "./link.ts";
import type { SendOptions } from "./outbox.ts";
import { type StandardSchema, validValue } from "./validation.ts";

/** The server of one link, as its calls use it. */
export interface CallHost {
  /** The caller's process. */
  readonly peer: LinkPeer | undefined;
  /** Whether the link is over, so that nobody gets an answer. */
  readonly isOver: boolean;
  /** The object that has the handlers. */
  readonly handlers: object;
  /** Whether stacks of errors cross. */
  readonly stacks: boolean;
  /** Sends an answer. It throws and rejects as a link does. */
  send(frame: AnswerFrame, options?: SendOptions): Promise<void>;
  /** Sends an answer that fails only if the link is broken. */
  sendPlain(frame: AnswerFrame): Promise<void>;
  /** Forgets a call whose last answer is about to be sent. The peer can then use its place. */
  forget(call: ServedCall): void;
  /** Is called when the last answer of a call is sent, so that another call can run. */
  finished(): void;
  /** Gets a failure that no caller gets. */
  report(error: unknown, call: ServedCall): void;
}

/** The request of a call. */
export interface ServedRequest {
  readonly id: number;
  readonly name: string;
  readonly args: unknown;
  /** The number of items that the handler can send; `undefined` if the peer wants a result. */
  readonly credit: number | undefined;
  /** Whether the service is shutting down, so that the call gets an error. */
  readonly isRefused: boolean;
  /** The schema of the arguments, if there is one. */
  readonly schema: StandardSchema | undefined;
}

/** A call of a peer. */
export class ServedCall {
  readonly id: number;
  readonly name: string;
  readonly #host: CallHost;
  readonly #request: ServedRequest;
  /** The number of items that the handler can still send. */
  #credit: number;
  /** Made when the handler asks for its signal. */
  #controller: AbortController | undefined;
  /** The reason why the handler should end. */
  #stopped: { readonly reason: unknown } | undefined;
  /** Whether the caller no longer waits, so that its last answer is only an end. */
  #isGivenUp = false;
  /** Lets a stream go on that waits for credit. */
  #goOn: (() => void) | undefined;
  /** The iterator of a stream, and its return, which is called once. */
  #iterator: AsyncIterator<unknown> | undefined;
  #returned: Promise<void> | undefined;
  #isAnswered = false;

  /** Makes a call that does not run yet. */
  constructor(host: CallHost, request: ServedRequest) {
    this.id = request.id;
    this.name = request.name;
    this.#host = host;
    this.#request = request;
    this.#credit = request.credit ?? 0;
  }

  /** Is aborted when the caller no longer waits. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#stopped !== undefined) this.#controller.abort(this.#stopped.reason);
    }
    return this.#controller.signal;
  }

  /** Whether the peer wants a stream. */
  get isStream(): boolean {
    return this.#request.credit !== undefined;
  }

  /** Calls the handler, unless the call was stopped before. */
  run(): void {
    try {
      const { schema, args, isRefused } = this.#request;
      if (isRefused) {
        throw new Deno.errors.ConnectionRefused("The service is shutting down");
      }
      const handler = this.#findHandler();
      if (this.#stopped !== undefined) throw this.#stopped.reason;
      if (schema === undefined) return this.#invoke(handler, args);
      const checked = schema["~standard"].validate(args);
      if (!isThenable(checked)) return this.#invoke(handler, validValue(this.name, checked));
      Promise.resolve(checked).then((result) => {
        if (this.#stopped !== undefined) throw this.#stopped.reason;
        this.#invoke(handler, validValue(this.name, result));
      }).catch((error) => this.#answerError(error));
    } catch (error) {
      this.#answerError(error);
    }
  }

  /** Aborts the handler's signal, and ends its stream. */
  stop(reason: unknown): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = { reason };
    this.#controller?.abort(reason);
    this.#return();
    this.#goOn?.();
  }

  /**
   * Stops the call, because its caller has given it up.
   *
   * @param record The reason; `undefined` if the consumer has left the stream.
   * @throws {Deno.errors.InvalidData} If the caller did so before.
   */
  giveUp(record: ErrorRecord | undefined): void {
    if (this.#isGivenUp) {
      throw new Deno.errors.InvalidData(`The peer aborted call ${this.id} for a second time`);
    }
    this.#isGivenUp = true;
    this.stop(
      record === undefined
        ? new DOMException("The caller has left the stream", "AbortError")
        : toError(record),
    );
  }

  /** Answers with an error, whatever the handler does later. */
  abandon(reason: unknown): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    void this.#host.sendPlain([KIND.error, this.id, shortRecord(toRecord(reason))]);
  }

  /**
   * Lets the handler send more items.
   *
   * @throws {Deno.errors.InvalidData} If the peer gives too much credit, or the call is no stream.
   */
  grant(credit: number): void {
    if (!this.isStream || this.#credit + credit > MAX_AHEAD) {
      throw new Deno.errors.InvalidData(
        `The peer gave call ${this.id} credit for ${credit} items more than it can have`,
      );
    }
    this.#credit += credit;
    this.#goOn?.();
  }

  #findHandler(): Handler {
    const { handlers } = this.#host;
    // Only own properties: every object inherits functions such as toString().
    const handler: unknown = Object.hasOwn(handlers, this.name)
      ? Reflect.get(handlers, this.name)
      : undefined;
    if (isHandler(handler)) return handler;
    throw new Deno.errors.NotFound(`There is no handler ${show(cut(this.name))}`);
  }

  /** Calls the handler, and answers when its result has settled. */
  #invoke(handler: Handler, args: unknown): void {
    const context = new Context(this, this.#host.peer);
    const result: unknown = Reflect.apply(handler, this.#host.handlers, [args, context]);
    if (!isThenable(result)) return this.#settle(result);
    Promise.resolve(result).then((value) => this.#settle(value)).catch((error) =>
      this.#answerError(error)
    );
  }

  #settle(result: unknown): void {
    if (isAsyncIterable(result)) {
      this.#iterator = result[Symbol.asyncIterator]();
      if (!this.isStream || this.#stopped !== undefined) this.#return();
      if (this.isStream) return void this.#pump(this.#iterator);
      throw new TypeError(`"${this.name}" returns a stream: use stream() instead of call()`);
    }
    if (this.isStream) {
      throw new TypeError(`"${this.name}" returns no stream: use call() instead of stream()`);
    }
    if (this.#isGivenUp) this.#answerEnd();
    else this.#answer([KIND.result, this.id, result], "result");
  }

  /** Sends the items of a stream, as far as there is credit. It never rejects. */
  async #pump(iterator: AsyncIterator<unknown>): Promise<void> {
    const group = new ItemGroup((values) =>
      this.#host.send([KIND.items, this.id, values], { isOwn: true })
    );
    try {
      while (await this.#hasCredit()) {
        const next = Promise.resolve(iterator.next());
        // Items that come quickly go together. They do not wait for a slow one.
        if (!group.isEmpty && !await isQuick(next) && !await this.#sendItems(group)) return;
        const { done, value } = await next;
        if (done || this.#stopped !== undefined) break;
        this.#credit--;
        const isFull = group.add(value) || this.#credit === 0;
        if (isFull && !await this.#sendItems(group)) return;
      }
      if (this.#stopped === undefined && !await this.#sendItems(group)) return;
      await this.#returned;
      if (this.#stopped === undefined) this.#answerEnd();
      else this.#answerError(this.#stopped.reason);
    } catch (error) {
      if (await this.#sendItems(group)) this.#answerError(error);
    }
  }

  /**
   * Sends the items that a stream has made. If the link does not take one of them, the stream ends
   * with an error.
   *
   * @returns Whether the stream goes on.
   */
  async #sendItems(group: ItemGroup): Promise<boolean> {
    if (this.#host.isOver) return true;
    try {
      await group.send();
      return true;
    } catch (error) {
      return this.#failItem(error);
    }
  }

  /** Ends a stream, because the link does not take an item. */
  #failItem(error: unknown): false {
    this.#return();
    if (!this.#isAnswered) {
      this.#isAnswered = true;
      this.#host.forget(this);
      this.#sendShort(this.#unsent(error, "an item"));
    }
    return false;
  }

  /** Waits for credit. Returns `false` if the stream was stopped. */
  async #hasCredit(): Promise<boolean> {
    if (this.#credit === 0 && this.#stopped === undefined) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#goOn = resolve;
      await promise;
      this.#goOn = undefined;
    }
    return this.#stopped === undefined;
  }

  /** Ends the iterator of a stream once. A generator runs its `finally`. */
  #return(): void {
    const iterator = this.#iterator;
    if (iterator === undefined || this.#returned !== undefined) return;
    this.#returned = (async () => {
      try {
        await iterator.return?.();
      } catch (error) {
        this.#host.report(error, this);
      }
    })();
  }

  #answerEnd(): void {
    this.#answer([KIND.end, this.id], "end");
  }

  #answerError(error: unknown): void {
    if (!this.#isGivenUp && !this.#host.isOver) {
      const record = toRecord(error, { stacks: this.#host.stacks });
      return this.#answer([KIND.error, this.id, record], "error");
    }
    // A handler whose signal is aborted usually throws the signal's reason.
    const isUsual = error === this.#stopped?.reason ||
      error instanceof DOMException && error.name === "AbortError";
    if (!isUsual) this.#host.report(error, this);
    this.#answerEnd();
  }

  /** Sends the last answer. */
  #answer(frame: AnswerFrame, part: string): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#host.forget(this);
    if (this.#host.isOver) return;
    this.#host.send(frame).then(
      () => this.#host.finished(),
      (error) => this.#answerInstead(error, frame, part),
    );
  }

  /** Sends an error instead of an answer that the link did not take. */
  #answerInstead(error: unknown, frame: AnswerFrame, part: string): void {
    if (frame[0] !== KIND.error) return this.#sendShort(this.#unsent(error, `the ${part}`));
    // A cause may be a value without a clone, or the texts are too long.
    this.#host.send([KIND.error, this.id, withoutValues(frame[2])]).then(
      () => this.#host.finished(),
      () => this.#sendShort(shortRecord(frame[2])),
    );
  }

  #unsent(error: unknown, part: string): ErrorRecord {
    const [name, message] = toRecord(error);
    const what = `Cannot send ${part} of ${show(cut(this.name))}`;
    return shortRecord([name, `${what}: ${message}`, undefined, undefined, undefined]);
  }

  #sendShort(record: ErrorRecord): void {
    void this.#host.sendPlain([KIND.error, this.id, record]).then(() => this.#host.finished());
  }
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return isObject(value) && "then" in value && typeof value.then === "function";
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return isObject(value) && Symbol.asyncIterator in value &&
    typeof value[Symbol.asyncIterator] === "function";
}

function isHandler(value: unknown): value is Handler {
  return typeof value === "function";
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null || typeof value === "function";
}

/** The circumstances of a call, as its handler sees them. */
class Context implements CallContext {
  readonly peer: LinkPeer | undefined;
  readonly #call: ServedCall;

  constructor(call: ServedCall, peer: LinkPeer | undefined) {
    this.#call = call;
    this.peer = peer;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }
}
