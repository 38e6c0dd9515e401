/**
 * The calls that the peer of one link makes: which of them run, and which wait.
 *
 * @module
 */

import { Exchange, type ServerSide } from "./exchange.ts";
import { type AnswerFrame, KIND, MAX_CALLS, type RequestFrame } from "./frame.ts";
import type { LinkPeer, MessageLink } from "./link.ts";
import type { SendOptions } from "./outbox.ts";
import { type CallHost, ServedCall } from "./served_call.ts";
import type { StandardSchema } from "./validation.ts";

/** The parts of a service that each of its links uses. */
export interface Serving {
  /** The object that has the handlers as its own properties. */
  readonly handlers: object;
  /** The schemas by the names of their handlers. */
  readonly schemas: ReadonlyMap<string, StandardSchema>;
  /** Maximum number of handlers that run at once for one link. */
  readonly concurrency: number;
  /** Whether stacks of errors cross. */
  readonly stacks: boolean;
  /** Gets a failure that no caller gets. */
  readonly report: (error: unknown, where: { link: MessageLink; name?: string }) => void;
  /** Called when no call is under way, and when the link is over. */
  readonly onChange: (link: ServedLink) => void;
}

/**
 * The calls of one link's peer.
 *
 * A call has a place from its request until its last answer: a peer can have 1024. It runs from the
 * call of its handler until the link has taken its last answer. So a peer that reads no answers gets
 * no further ones.
 */
export class ServedLink implements ServerSide, CallHost {
  readonly handlers: object;
  readonly stacks: boolean;
  readonly #link: MessageLink;
  readonly #serving: Serving;
  readonly #exchange: Exchange;
  /** The calls without a last answer, by their ids. */
  readonly #calls = new Map<number, ServedCall>();
  /** The calls that wait until fewer handlers run. */
  readonly #waiting = new Set<ServedCall>();
  #running = 0;
  #lastId = 0;
  #isRefusing = false;
  #isOver = false;

  /** Begins to serve over a link. */
  constructor(link: MessageLink, serving: Serving) {
    this.#link = link;
    this.#serving = serving;
    this.handlers = serving.handlers;
    this.stacks = serving.stacks;
    this.#exchange = Exchange.of(link);
    this.#exchange.addServer(this);
  }

  get peer(): LinkPeer | undefined {
    return this.#exchange.peer;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether no call is under way. */
  get isIdle(): boolean {
    return this.#calls.size === 0 && this.#running === 0;
  }

  take(frame: RequestFrame): void {
    switch (frame[0]) {
      case KIND.call:
        return this.#begin(frame[1], frame[2], { args: frame[3], credit: undefined });
      case KIND.stream:
        return this.#begin(frame[1], frame[2], { args: frame[3], credit: frame[4] });
      case KIND.credit:
        return this.#find(frame[1])?.grant(frame[2]);
      case KIND.abort:
        return this.#find(frame[1])?.giveUp(frame[2]);
    }
  }

  over(error: unknown): void {
    if (error !== undefined) this.#serving.report(error, { link: this.#link });
    this.#stopAll(
      error ?? new Deno.errors.ConnectionReset("The caller has closed the link"),
    );
    this.#leave();
  }

  /** Answers further calls with an error. */
  refuse(): void {
    this.#isRefusing = true;
  }

  /** Aborts the signals of all handlers. */
  abortAll(reason: unknown): void {
    for (const call of this.#calls.values()) call.stop(reason);
  }

  /** Closes the link, unless this end calls over it, too. */
  async close(reason: unknown): Promise<void> {
    if (!this.#isOver) {
      // If this end calls over the link, too, the peer would wait for its answers for ever.
      if (this.#exchange.isShared) {
        for (const call of this.#calls.values()) call.abandon(reason);
      }
      this.#stopAll(reason);
      this.#leave();
      this.#exchange.leaveServer();
    }
    if (this.#exchange.isOver) await this.#exchange.ended;
  }

  /** Lets the process end while the link is open, or keeps the process alive. */
  hold(isHeld: boolean): void {
    this.#exchange.hold(isHeld);
  }

  send(frame: AnswerFrame, options?: SendOptions): Promise<void> {
    return this.#exchange.send(frame, options);
  }

  sendPlain(frame: AnswerFrame): Promise<void> {
    return this.#exchange.sendPlain(frame);
  }

  forget({ id }: ServedCall): void {
    this.#calls.delete(id);
  }

  finished(): void {
    this.#running--;
    for (const next of this.#waiting) {
      if (this.#running >= this.#serving.concurrency) return;
      this.#waiting.delete(next);
      this.#run(next);
    }
    if (this.isIdle) this.#serving.onChange(this);
  }

  report(error: unknown, { name }: ServedCall): void {
    this.#serving.report(error, { link: this.#link, name });
  }

  #begin(
    id: number,
    name: string,
    { args, credit }: { args: unknown; credit: number | undefined },
  ) {
    if (id <= this.#lastId) {
      throw new Deno.errors.InvalidData(`The peer used the id ${id} for a second call`);
    }
    this.#lastId = id;
    if (this.#calls.size === MAX_CALLS) {
      throw new Deno.errors.InvalidData(`The peer made more than ${MAX_CALLS} calls at once`);
    }
    const schema = this.#serving.schemas.get(name);
    const call = new ServedCall(this, {
      id,
      name,
      args,
      credit,
      schema,
      isRefused: this.#isRefusing,
    });
    this.#calls.set(id, call);
    if (this.#running < this.#serving.concurrency) this.#run(call);
    else this.#waiting.add(call);
  }

  #run(call: ServedCall): void {
    this.#running++;
    call.run();
  }

  /** Returns an open call; `undefined` if its last answer is on its way to the peer. */
  #find(id: number): ServedCall | undefined {
    if (id > this.#lastId) {
      throw new Deno.errors.InvalidData(`The peer has made no call ${id}`);
    }
    return this.#calls.get(id);
  }

  #stopAll(reason: unknown): void {
    this.#isOver = true;
    this.#waiting.clear();
    for (const call of this.#calls.values()) call.stop(reason);
    this.#calls.clear();
  }

  #leave(): void {
    this.#serving.onChange(this);
  }
}
