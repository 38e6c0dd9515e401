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
  StreamName,
} from "./handler.ts";
export type { ItemStream } from "./item_stream.ts";
export type { LinkPeer, LinkSource, MessageLink } from "./link.ts";
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
