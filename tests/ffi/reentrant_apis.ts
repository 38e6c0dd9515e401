import { USER32 } from "../../ffi/win32/user32.ts";

/** It only waits; that it stands among the others is caution. */
const WAITS = "MsgWaitForMultipleObjectsEx";

/** The functions of user32 that may run a procedure of ours, told by their struct results. */
export const REENTRANT_APIS: string[] = Object.entries(USER32)
  .filter(([name, { result }]) => typeof result === "object" && name !== WAITS)
  .map(([name]) => name);
