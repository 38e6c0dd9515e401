/**
 * Messages between windows: WM_COPYDATA, and windows that only take messages.
 *
 * @module
 */

export type { ByteSource } from "../../ffi/bytes.ts";
export type { WaitOptions } from "../waiting/poll.ts";
export {
  type CopyData,
  sendCopyData,
  type SendCopyDataOptions,
  sendCopyDataSync,
  type SendCopyDataSyncOptions,
} from "./copy_data.ts";
export {
  CopyDataListener,
  type CopyDataListenerOptions,
  type CopyDataListenerStats,
  type NumbersHandler,
} from "./copy_data_listener.ts";
export { CopyDataMessage, type ReplyOptions } from "./copy_data_message.ts";
export type { IncomingMessage } from "./incoming_message.ts";
export { decodeText, encodeText, type TextEncoding } from "./encoding.ts";
export type { CopyDataAnswer, ListenerWindowOptions } from "./listener_options.ts";
export { MessageSender } from "./message_sender.ts";
export { MessageWindow, type MessageWindowOptions, type WindowMessage } from "./message_window.ts";
export { ReceivedCopyData } from "./received_copy_data.ts";
export {
  postMessage,
  type PostMessageOptions,
  registerWindowMessage,
  sendMessage,
  type SendMessageOptions,
} from "./send_message.ts";
export { type MessageParameter, WM_COPYDATA } from "./window_message.ts";
export type { WindowTarget } from "./window_target.ts";
export {
  findWindow,
  type FindWindowOptions,
  HWND_MESSAGE,
  listWindows,
  type WindowInfo,
  type WindowQuery,
} from "./windows.ts";
