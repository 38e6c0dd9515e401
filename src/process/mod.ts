/**
 * Memory for other processes, without a name.
 *
 * @module
 */

export { ChildProcess, type ChildStatus } from "./child_process.ts";
export { HANDLE_NOTICE } from "./handle_notice.ts";
export {
  type ReceivedHandle,
  receiveHandle,
  sendHandle,
  type SendHandleOptions,
} from "./handle_transfer.ts";
export { type Inheritable, InheritanceScope, inheritHandles } from "./inherit.ts";
export { type HandleValues, spawn, type SpawnOptions } from "./spawn.ts";
export type { Stdio } from "./stdio.ts";
