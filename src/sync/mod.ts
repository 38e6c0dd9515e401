/**
 * Taking turns: events that processes set and wait for.
 *
 * ```ts
 * import { SharedEvent } from "@winipc/winipc/sync";
 *
 * using event = SharedEvent.openOrCreate("something happened");
 * event.set();
 * await event.wait({ timeout: 5000 });
 * ```
 *
 * @module
 */

export { DuplicatedHandle } from "../../ffi/duplicated_handle.ts";
export type { Sddl, Security } from "../../ffi/security.ts";
export type { WaitOptions } from "../waiting/poll.ts";
export { type EventOptions, type OpenOrCreateEventOptions, SharedEvent } from "./event.ts";
export type { SharedObjectKind } from "./object_kind.ts";
export {
  type NewObjectOptions,
  type OpenObjectOptions,
  SharedObject,
  type WaitForObjectOptions,
} from "./shared_object.ts";
export type { WaitSyncOptions } from "./single_wait.ts";
export { type Waitable, WaitableObject } from "./waitable_object.ts";
