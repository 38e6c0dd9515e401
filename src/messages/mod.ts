/**
 * Messages between windows: WM_COPYDATA, other messages, and windows that only take messages.
 *
 * @module
 */

export type { ByteSource } from "../../ffi/arguments.ts";
export type { WaitOptions } from "../wait/options.ts";
export {
  type CopyData,
  sendCopyData,
  type SendCopyDataOptions,
  sendCopyDataSync,
  type SendCopyDataSyncOptions,
} from "./send/message.ts";
export {
  CopyDataListener,
  type CopyDataListenerOptions,
  type CopyDataListenerStats,
  type NumbersHandler,
} from "./listen/listener.ts";
export { CopyDataMessage, MessageSender, type ReplyOptions } from "./listen/message.ts";
export { decodeText, encodeText, type TextEncoding } from "./encoding.ts";
export type { CopyDataAnswer, ListenerWindowOptions } from "./listen/message.ts";
export {
  MessageWindow,
  type MessageWindowOptions,
  type WindowMessage,
} from "./window/message_window.ts";
export { type MessageParameter, ReceivedCopyData, WM_COPYDATA } from "./window/procedure.ts";
export {
  postMessage,
  type PostMessageOptions,
  registerWindowMessage,
  sendMessage,
  type SendMessageOptions,
} from "./send/message.ts";
export {
  findWindow,
  type FindWindowOptions,
  HWND_MESSAGE,
  listWindows,
  type WindowInfo,
  type WindowQuery,
  type WindowTarget,
} from "./window/find.ts";
