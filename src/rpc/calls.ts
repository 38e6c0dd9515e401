/**
 * The calls that this end has made over one link and that wait for their answers.
 *
 * @module
 */

import { shortRecord, toRecord } from "./error.ts";
import { type CallerSide, Exchange } from "./exchange.ts";
import { type AnswerFrame, KIND, MAX_CALLS, type RequestFrame } from "./frame.ts";
import type { MessageLink } from "./link.ts";

/** A call or a stream, from its request to its last answer. */
export abstract class Outgoing {
  /** The id of the call on its link; 0 before it is sent. */
  id = 0;
  /** Whether the link has taken the request. */
  isSent = false;
  /** Whether the script has given the call up. Its answers are ignored then. */
  isGivenUp = false;
  /** The reason why the script has given the call up. */
  reason: unknown;

  /** Returns the frame that begins the call. */
  abstract request(id: number): RequestFrame;
  /**
   * Gets an answer of the peer.
   *
   * @returns Whether this was the last answer.
   * @throws {Deno.errors.InvalidData} If the peer must not send this answer.
   */
  abstract answer(frame: AnswerFrame): boolean;
  /** Gets the failure of the call: it had no clone, or the link is over. */
  abstract fail(error: unknown): void;
}

/**
 * The calls over one link. At most {@linkcode MAX_CALLS} are under way, and further ones wait.
 *
 * A call that the script has given up stays until the peer's last answer for it.
 */
export class Calls implements CallerSide {
  readonly #exchange: Exchange;
  readonly #open = new Map<number, Outgoing>();
  readonly #waiting = new Set<Outgoing>();
  #lastId = 0;
  #end: { readonly error: Error } | undefined;

  /** Begins to call over a link. */
  constructor(link: MessageLink) {
    this.#exchange = Exchange.of(link);
    this.#exchange.addCaller(this);
  }

  /** Is fulfilled when the link is over and closed. */
  get ended(): Promise<void> {
    return this.#exchange.ended;
  }

  /** Whether the link is over. */
  get isOver(): boolean {
    return this.#exchange.isOver;
  }

  /** The number of calls that are under way or wait. */
  get count(): number {
    return this.#open.size + this.#waiting.size;
  }

  /** Begins a call, or lets it wait until fewer calls are under way. */
  begin(call: Outgoing): void {
    if (this.#end !== undefined) call.fail(this.#end.error);
    else if (this.#open.size >= MAX_CALLS) this.#waiting.add(call);
    else this.#send(call);
  }

  /**
   * Gives a call up.
   *
   * @param reason For the handler's signal; `undefined` if a consumer has left a stream.
   */
  giveUp(call: Outgoing, reason: unknown): void {
    if (this.#waiting.delete(call) || call.isGivenUp || !this.#open.has(call.id)) return;
    call.isGivenUp = true;
    call.reason = reason;
    // Until the link has taken the request, it can fail, and the peer would not know its id.
    if (call.isSent) this.#abort(call);
  }

  /** Lets a producer send more items. */
  grant({ id }: Outgoing, credit: number): void {
    if (this.#open.has(id)) void this.#exchange.sendPlain([KIND.credit, id, credit]);
  }

  take(frame: AnswerFrame): void {
    const call = this.#open.get(frame[1]);
    if (call === undefined) {
      throw new Deno.errors.InvalidData(
        `The peer answered call ${frame[1]}, which is not under way`,
      );
    }
    // A call that was given up is asked too, because the answer must still be a valid one.
    const isLast = call.isGivenUp && frame[0] === KIND.end || call.answer(frame);
    if (isLast) this.#remove(call);
  }

  over(error: unknown): void {
    this.#fail(lost(error));
    this.#open.clear();
  }

  /** Fails all calls, and leaves the link. */
  close(): void {
    if (this.#end !== undefined) return;
    const error = new Deno.errors.BadResource("The client is closed");
    // If this end serves over the link, the link goes on, and late answers come.
    const open = [...this.#open.values()];
    this.#fail(error);
    for (const call of open) this.giveUp(call, error);
    this.#exchange.leave();
  }

  /** Lets the process end while the link is open, or keeps the process alive. */
  hold(isHeld: boolean): void {
    this.#exchange.hold(isHeld);
  }

  /** Fails all calls, and later ones. */
  #fail(error: Error): void {
    if (this.#end !== undefined) return;
    this.#end = { error };
    const all = [...this.#open.values(), ...this.#waiting];
    this.#waiting.clear();
    for (const call of all) call.fail(error);
  }

  #send(call: Outgoing): void {
    call.id = ++this.#lastId;
    this.#open.set(call.id, call);
    this.#exchange.send(call.request(call.id)).then(
      () => {
        call.isSent = true;
        if (call.isGivenUp && this.#open.has(call.id)) this.#abort(call);
      },
      (error) => {
        if (!this.#open.has(call.id)) return;
        this.#remove(call);
        call.fail(error instanceof Deno.errors.BrokenPipe ? lost(error) : error);
      },
    );
  }

  #abort({ id, reason }: Outgoing): void {
    // An abort must not fail because its reason has no clone or is long.
    const record = reason === undefined ? undefined : shortRecord(toRecord(reason));
    void this.#exchange.sendPlain([KIND.abort, id, record]);
  }

  #remove({ id }: Outgoing): void {
    this.#open.delete(id);
    if (this.#waiting.size === 0) return;
    for (const next of this.#waiting) {
      this.#waiting.delete(next);
      return this.#send(next);
    }
  }
}

/** Returns the error of the calls over a link that is over. */
function lost(error: unknown): Error {
  if (error === undefined) {
    return new Deno.errors.ConnectionReset("The peer closed the link before it answered");
  }
  if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.InvalidData) {
    return error;
  }
  return new Deno.errors.ConnectionReset("The link ended before the peer answered", {
    cause: error,
  });
}
