/**
 * Requests and replies between two scripts, over any link that carries values.
 *
 * @module
 */

export { Client, client, type StreamOptions } from "./client.ts";
export { RemoteError } from "./error.ts";
export type {
  ArgsOf,
  CallContext,
  CallName,
  CallParameters,
  Handler,
  Handlers,
  ItemOf,
  ResultOf,
  Settled,
  StreamName,
} from "./handler.ts";
export type { ItemStream } from "./item_stream.ts";
export type { LinkPeer, LinkSource, MessageLink } from "./link.ts";
export { childLink, type LinkableChild } from "./links/child.ts";
export type { LinkOptions } from "./links/content.ts";
export {
  listenWindow,
  type ListenWindowOptions,
  windowLink,
  WindowLinkListener,
  type WindowLinkOptions,
} from "./links/listen_window.ts";
export { pipeLink } from "./links/pipe.ts";
export { channelLink, type RingEnds, ringLink } from "./links/ring.ts";
export { type ConnectionSource, linksOf } from "./links/source.ts";
export { stdioLink } from "./links/stdio.ts";
export { workerLink, type WorkerScope } from "./links/worker.ts";
export { connectName, type ConnectNameOptions, serveName, type ServeNameOptions } from "./name.ts";
export {
  type FailureContext,
  serve,
  type ServeOptions,
  Service,
  type ShutdownOptions,
} from "./service.ts";
export {
  type StandardIssue,
  type StandardResult,
  type StandardSchema,
  ValidationError,
  type ValidationIssue,
} from "./validation.ts";
