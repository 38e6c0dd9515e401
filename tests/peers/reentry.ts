/**
 * Calls a re-entrant function of user32 hot, through a window procedure that at last
 * makes the engine throw away the optimised code of the very loop that called it.
 * The argument names the function; "plain" calls SendMessageW with a plain result, by
 * which Deno aborts.
 *
 * @module
 */

import { toLresult, user32 } from "../../ffi/user32.ts";
import { MessageWindow } from "../../src/messages/mod.ts";
import { openLibrary } from "../open_library.ts";

const ROUNDS = 300_000;
const WM_APP = 0x8000;

/** The loops below are compiled on the promise that this method never changes. */
class Constant {
  value(): number {
    return 1;
  }
}

const constant = new Constant();
let breakPromise = false;

using window = MessageWindow.open({
  procedure: ({ message }) => {
    if (message !== WM_APP) return undefined;
    if (breakPromise) Constant.prototype.value = () => 2;
    return 5n;
  },
});
using library = openLibrary("user32.dll", {
  SendMessageW: { parameters: ["usize", "u32", "u64", "i64"], result: "i64" },
});

const { handle } = window;
const { DispatchMessageW, SendMessageTimeoutW, SendMessageW } = user32();
const plain = library.symbols.SendMessageW;
const answer = new BigInt64Array(1);
const posted = new DataView(new ArrayBuffer(48));
posted.setBigUint64(0, handle, true);
posted.setUint32(8, WM_APP, true);

// Each loop has code of its own, so that each is optimised for its own call.
const loops: Record<string, () => number> = {
  plain: () => {
    let sum = 0;
    for (let i = 0; i < ROUNDS; i++) {
      breakPromise = i === ROUNDS - 2;
      sum += Number(plain(handle, WM_APP, 0n, 0n)) + constant.value();
    }
    return sum;
  },
  SendMessageW: () => {
    let sum = 0;
    for (let i = 0; i < ROUNDS; i++) {
      breakPromise = i === ROUNDS - 2;
      sum += Number(toLresult(SendMessageW(handle, WM_APP, 0n, 0n))) + constant.value();
    }
    return sum;
  },
  SendMessageTimeoutW: () => {
    let sum = 0;
    for (let i = 0; i < ROUNDS; i++) {
      breakPromise = i === ROUNDS - 2;
      SendMessageTimeoutW(handle, WM_APP, 0n, 0n, 0, 1000, answer);
      sum += Number(answer[0]) + constant.value();
    }
    return sum;
  },
  DispatchMessageW: () => {
    let sum = 0;
    for (let i = 0; i < ROUNDS; i++) {
      breakPromise = i === ROUNDS - 2;
      sum += Number(toLresult(DispatchMessageW(posted))) + constant.value();
    }
    return sum;
  },
};

console.log(loops[Deno.args[0]!]!() - ROUNDS * 6);
