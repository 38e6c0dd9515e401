/**
 * Messages between windows: WM_COPYDATA, and windows that only take messages.
 *
 * @module
 */

export type { WaitOptions } from "../waiting/poll.ts";
export {
  type CopyData,
  type SendCopyDataOptions,
  sendCopyDataSync,
  type WindowTarget,
} from "./copy_data.ts";
export { decodeText, encodeText, type TextEncoding } from "./encoding.ts";
export {
  MessageWindow,
  type MessageWindowOptions,
  type ReceivedCopyData,
  type WindowMessage,
  WM_COPYDATA,
} from "./message_window.ts";
export {
  findWindow,
  type FindWindowOptions,
  HWND_MESSAGE,
  listWindows,
  type WindowInfo,
  type WindowQuery,
} from "./windows.ts";
