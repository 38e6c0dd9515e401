/**
 * The types of handlers, and the types that callers get from them.
 *
 * @module
 */

import type { LinkPeer } from "./link.ts";

/** The circumstances of a call, for its handler. */
export interface CallContext {
  /**
   * Is aborted when the caller aborts the call, leaves the stream or is gone, and when the service
   * stops waiting for the handler. Pass the signal on to everything that the handler waits for.
   */
  readonly signal: AbortSignal;
  /** The caller's process, if the link knows it. */
  readonly peer: LinkPeer | undefined;
}

/**
 * A function that a peer can call.
 *
 * It gets the caller's arguments as one value, and returns a result or a promise of a result. A
 * handler that returns an async iterable, such as an async generator, is a stream of items.
 */
export type Handler<Args = never, Result = unknown> = (args: Args, context: CallContext) => Result;

/** Handlers by their names. A peer can call only the object's own functions. */
export type Handlers<H> = { readonly [Name in keyof H]: Handler };

/** The type of the arguments of a handler. */
export type ArgsOf<F> = F extends (args: infer Args, ...rest: never[]) => unknown ? Args : never;

/** The type of what a handler returns, or of what its promise is fulfilled with. */
export type Settled<F> = F extends (...args: never[]) => infer Result ? Awaited<Result> : never;

/** The type of the result of a call, or `never` for a handler that returns a stream. */
export type ResultOf<F> = [Extract<Settled<F>, AsyncIterable<unknown>>] extends [never] ? Settled<F>
  : never;

/** The type of the items of a handler's stream, or `never` for a handler that returns no stream. */
export type ItemOf<F> = Settled<F> extends AsyncIterable<infer Item> ? Item : never;

/** The names of the handlers that `call()` can call. */
export type CallName<H> =
  & {
    [Name in keyof H]: [Extract<Settled<H[Name]>, AsyncIterable<unknown>>] extends [never] ? Name
      : never;
  }[keyof H]
  & string;

/** The names of the handlers that `stream()` can call. */
export type StreamName<H> =
  & {
    [Name in keyof H]: [Settled<H[Name]>] extends [never] ? never
      : [Settled<H[Name]>] extends [AsyncIterable<unknown>] ? Name
      : never;
  }[keyof H]
  & string;

/** The parameters of a call after its name. Arguments that can be `undefined` can be left out. */
export type CallParameters<Args, Options> = undefined extends Args
  ? [args?: Args, options?: Options]
  : [args: Args, options?: Options];
