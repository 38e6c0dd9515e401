/**
 * Calls a re-entrant function of user32 so often that V8 optimises the calling loop. At the end,
 * the callback makes V8 discard the optimised code of this loop during the call.
 *
 * The arguments are the name of the function and the number of calls. The name "plain" means
 * SendMessageW with a plain result, with which Deno aborts.
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

/** V8 optimises the loops below under the assumption that this method never changes. */
class Constant {
  value(): number {
    return 1;
  }
}

const constant = new Constant();
/** The message at which the callback breaks the assumption, or 0 for no message. */
let breaker = 0;
/** The number of calls of the callback. */
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

/**
 * Starts a thread that sends WM_APP to the window all the time, and WM_APP + 1 after
 * `breakAssumption`.
 */
function startFlood(): { breakAssumption: () => void } {
  const isStopped = new Int32Array(new SharedArrayBuffer(4));
  new Worker(new URL("./send_until_stopped.ts", import.meta.url), {
    workerData: { window, isStopped },
  })
    .unref();
  return { breakAssumption: () => void Atomics.store(isStopped, 0, 1) };
}

/**
 * Repeats a round until the flood has broken the assumption. Then it runs two rounds more, in which
 * the method returns 2 instead of 1.
 */
function untilBroken(round: () => number): number {
  const flood = startFlood();
  breaker = WM_APP + 1;
  let sum = 0;
  let count = 0;
  for (let after = 0; after < 2; count++) {
    const value = round();
    sum += value;
    if (value === 2) after++;
    if (runs >= rounds) flood.breakAssumption();
  }
  return sum - count;
}

/**
 * The loops by their function. Each returns the sum of its rounds minus their number. That is 2,
 * because the method returns 2 in the last two rounds.
 */
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
  // A window gets several messages while it is created, and while it is destroyed.
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
  // These two functions call the procedure for messages that other threads send.
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
