/**
 * Memory for other processes, without a name.
 *
 * @module
 */

export { HANDLE_NOTICE } from "./handle_notice.ts";
export {
  type ReceivedHandle,
  receiveHandle,
  sendHandle,
  type SendHandleOptions,
} from "./handle_transfer.ts";
export { type Inheritable, InheritanceScope, inheritHandles } from "./inherit.ts";
