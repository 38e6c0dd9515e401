/**
 * Child processes, and what other processes get without a name: memory, events, semaphores, mutexes.
 *
 * @module
 */

export type { ByteSource } from "../../ffi/bytes.ts";
export { type ChildOutput, ChildProcess, type ChildStatus } from "./child_process.ts";
export { HANDLE_NOTICE } from "./handle_notice.ts";
export {
  type ReceivedHandle,
  type ReceivedObject,
  receiveHandle,
  type ReceiveHandleOptions,
  sendHandle,
  type SendHandleOptions,
  type SharedObjects,
} from "./handle_transfer.ts";
export { type Inheritable, InheritanceScope, inheritHandles } from "./inherit.ts";
export { type HandleValues, spawn, type SpawnOptions } from "./spawn.ts";
export type { Stdio } from "./stdio.ts";
