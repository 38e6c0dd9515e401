/**
 * Starts child processes, and passes memory, events, semaphores and mutexes on to other processes
 * by handles, without names.
 *
 * @module
 */

export type { ByteSource } from "../../ffi/arguments.ts";
export { type ChildOutput, ChildProcess, type ChildStatus, type Stdio } from "./child_process.ts";
export { HANDLE_NOTICE } from "./handle_transfer.ts";
export {
  type ReceivedHandle,
  type ReceivedObject,
  receiveHandle,
  type ReceiveHandleOptions,
  sendHandle,
  type SendHandleOptions,
  type SharedObjects,
} from "./handle_transfer.ts";
export {
  type HandleValues,
  type Inheritable,
  InheritanceScope,
  inheritHandles,
  spawn,
  type SpawnOptions,
} from "./spawn.ts";
