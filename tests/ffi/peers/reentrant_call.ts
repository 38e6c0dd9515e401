/**
 * Calls a re-entrant function of user32 hot, through a callback that at last makes the engine
 * throw away the optimised code of the very loop that called it. The arguments name the function
 * and say how often; "plain" calls SendMessageW with a plain result, by which Deno aborts.
 *
 * @module
 */

import { Worker } from "node:worker_threads";
import { GuardedCallback } from "../../../ffi/callback.ts";
import { MSG_SIZE, windowClass } from "../../../ffi/win32/types.ts";
import { toHwnd, toLresult, user32 } from "../../../ffi/win32/user32.ts";
import { encodeWide } from "../../../ffi/wide.ts";
import { openLibrary } from "../../support/open_library.ts";

const WM_CREATE = 0x1;
const WM_DESTROY = 0x2;
const WM_CONTEXTMENU = 0x7b;
const WM_APP = 0x8000;
const WS_CHILD = 0x4000_0000;
const [api, times] = Deno.args as [string, string];
const rounds = Number(times);
const HWND_MESSAGE = BigInt.asUintN(64, -3n);

/** The loops below are compiled on the promise that this method never changes. */
class Constant {
  value(): number {
    return 1;
  }
}

const constant = new Constant();
/** Which message is to break the promise; 0 while none is. */
let breaker = 0;
/** How many times the procedure has run. */
let runs = 0;

const procedure = GuardedCallback.windowProcedure((window, message, wParam, lParam) => {
  runs++;
  if (breaker !== 0 && message === breaker) Constant.prototype.value = () => 2;
  return message >= WM_APP || message === WM_CONTEXTMENU
    ? 5n
    : toLresult(user32().DefWindowProcW(window, message, wParam, lParam));
});
const enumeration = GuardedCallback.windowEnumeration(() => {
  runs++;
  if (breaker !== 0) Constant.prototype.value = () => 2;
  return true;
});
const name = encodeWide(`winipc-reentry-${crypto.randomUUID()}`);
user32().RegisterClassExW(windowClass(procedure.pointer, name));

function create(parent: bigint, style = 0): bigint {
  return toHwnd(CreateWindowExW(0, name, null, style, 0, 0, 0, 0, parent, 0n, 0n, null));
}

using library = openLibrary("user32.dll", {
  SendMessageW: { parameters: ["usize", "u32", "u64", "i64"], result: "i64" },
});
const plain = library.symbols.SendMessageW;
const {
  CreateWindowExW,
  DefWindowProcW,
  DestroyWindow,
  DispatchMessageW,
  EnumWindows,
  GetMessageW,
  PeekMessageW,
  PostMessageW,
  SendMessageTimeoutW,
  SendMessageW,
} = user32();

const window = create(0n);
const child = create(window, WS_CHILD);
const answer = new BigInt64Array(1);
const message = new Uint8Array(MSG_SIZE);
const posted = new DataView(new ArrayBuffer(MSG_SIZE));
posted.setBigUint64(0, window, true);
posted.setUint32(8, WM_APP, true);

/** A thread that sends WM_APP to the window all the time, and WM_APP + 1 once it is told to. */
function startFlood(): { breakPromise: () => void } {
  const isStopped = new Int32Array(new SharedArrayBuffer(4));
  new Worker(new URL("./send_until_stopped.ts", import.meta.url), {
    workerData: { window, isStopped },
  })
    .unref();
  return { breakPromise: () => void Atomics.store(isStopped, 0, 1) };
}

/** Runs until the flood has broken the promise and two more rounds have added one more each. */
function untilBroken(round: () => number): number {
  const flood = startFlood();
  breaker = WM_APP + 1;
  let sum = 0;
  let count = 0;
  for (let after = 0; after < 2; count++) {
    const value = round();
    sum += value;
    if (value === 2) after++;
    if (runs >= rounds) flood.breakPromise();
  }
  return sum - count;
}

/** What each loop has to call, and what its rounds add up to beyond their number: 2, for the last two. */
const loops: Record<string, () => number> = {
  plain: () => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) {
      breaker = i === rounds - 2 ? WM_APP : 0;
      sum += Number(plain(window, WM_APP, 0n, 0n)) - 5 + constant.value();
    }
    return sum - rounds;
  },
  SendMessageW: () => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) {
      breaker = i === rounds - 2 ? WM_APP : 0;
      sum += Number(toLresult(SendMessageW(window, WM_APP, 0n, 0n))) - 5 + constant.value();
    }
    return sum - rounds;
  },
  SendMessageTimeoutW: () => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) {
      breaker = i === rounds - 2 ? WM_APP : 0;
      SendMessageTimeoutW(window, WM_APP, 0n, 0n, 0, 1000, answer);
      sum += Number(answer[0]) - 5 + constant.value();
    }
    return sum - rounds;
  },
  DispatchMessageW: () => {
    const bytes = new Uint8Array(posted.buffer);
    let sum = 0;
    for (let i = 0; i < rounds; i++) {
      breaker = i === rounds - 2 ? WM_APP : 0;
      sum += Number(toLresult(DispatchMessageW(bytes))) - 5 + constant.value();
    }
    return sum - rounds;
  },
  // The default procedure sends a child's WM_CONTEXTMENU to its parent.
  DefWindowProcW: () => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) {
      breaker = i === rounds - 2 ? WM_CONTEXTMENU : 0;
      DefWindowProcW(child, WM_CONTEXTMENU, 0n, 0n);
      sum += constant.value();
    }
    return sum - rounds;
  },
  // Several messages go to a window while it is made, and while it is destroyed.
  CreateWindowExW: () => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) {
      breaker = i === rounds - 2 ? WM_CREATE : 0;
      const made = CreateWindowExW(0, name, null, 0, 0, 0, 0, 0, HWND_MESSAGE, 0n, 0n, null);
      sum += constant.value();
      DestroyWindow(toHwnd(made));
    }
    return sum - rounds;
  },
  DestroyWindow: () => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) {
      const made = create(HWND_MESSAGE);
      breaker = i === rounds - 2 ? WM_DESTROY : 0;
      DestroyWindow(made);
      sum += constant.value();
    }
    return sum - rounds;
  },
  EnumWindows: () => {
    let sum = 0;
    for (let i = 0; i < rounds; i++) {
      breaker = i === rounds - 2 ? WM_APP : 0;
      EnumWindows(enumeration.pointer, 0n);
      sum += constant.value();
    }
    return sum - rounds;
  },
  // What other threads send is run inside these two.
  PeekMessageW: () =>
    untilBroken(() => {
      PeekMessageW(message, 0n, 0, 0, 1);
      return constant.value();
    }),
  GetMessageW: () =>
    untilBroken(() => {
      PostMessageW(window, WM_APP, 0n, 0n);
      GetMessageW(message, 0n, 0, 0);
      return constant.value();
    }),
};

console.log(loops[api]!());
console.log(runs >= rounds ? "hot" : `only ${runs} runs`);
Deno.exit();
