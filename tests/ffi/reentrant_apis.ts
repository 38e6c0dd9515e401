import { USER32 } from "../../ffi/win32/user32.ts";

/** A function that only waits. It is declared as re-entrant only as a precaution. */
const WAITS = "MsgWaitForMultipleObjectsEx";

/** The functions of user32 that can run a procedure of the script: those with a struct result. */
export const REENTRANT_APIS: string[] = Object.entries(USER32)
  .filter(([name, { result }]) => typeof result === "object" && name !== WAITS)
  .map(([name]) => name);
