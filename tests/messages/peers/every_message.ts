/**
 * Sends and posts messages whose parameters are 16, an invalid address, to the window of
 * tests/messages/peers/queries.c and to a window of its own. Asserts the answers, and prints
 * "survived".
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { MessageWindow, postMessage, sendMessage } from "../../../src/messages/mod.ts";
import { isWine } from "../../../ffi/win32/ntdll.ts";

const [handle, ranges] = Deno.args as [string, string];
const window = BigInt(handle);

/**
 * The messages whose parameters are addresses, by the documentation of each. They are messages of
 * windows, edit controls, scroll bars, combo boxes, list boxes, menus, dragging, touch and input
 * methods.
 */
const WITH_ADDRESSES = [
  ...[0x1, 0xc, 0xd, 0x1a, 0x1b, 0x24, 0x2b, 0x2c, 0x2d, 0x39, 0x46, 0x47, 0x49, 0x4a, 0x4e, 0x53],
  ...[0x7c, 0x7d, 0x81, 0x83, 0x87, 0x90, 0x91, 0x92, 0x93, 0x94, 0x95],
  ...[0xb0, 0xb2, 0xb3, 0xb4, 0xc2, 0xc4, 0xcb],
  ...[0xe3, 0xe9, 0xea, 0xeb],
  ...[0x11a, 0x124],
  ...[0x140, 0x143, 0x145, 0x148, 0x14a, 0x14c, 0x14d, 0x152, 0x158, 0x164],
  ...[
    0x180,
    0x181,
    0x189,
    0x18c,
    0x18d,
    0x18f,
    0x191,
    0x192,
    0x196,
    0x198,
    0x1a2,
    0x1aa,
    0x1ab,
    0x1ac,
    0x1ad,
  ],
  ...[0x213, 0x214, 0x216, 0x218, 0x219],
  ...[0x220, 0x229, 0x22a, 0x22b, 0x22c, 0x22d, 0x22e, 0x22f, 0x24d],
  ...[0x283, 0x288, 0x2e0, 0x2e4, 0x30c, 0x33f],
];

/** The messages with a handle of the sender, which Wine 10 does not pass to another process. */
const NOT_ON_WINE = [
  ...[0xf, 0x14, 0x27, 0x30, 0x31, 0x36, 0x37, 0x7f, 0x80, 0x85],
  ...[0x132, 0x133, 0x134, 0x135, 0x136, 0x137, 0x138, 0x309, 0x30b, 0x317, 0x318],
];

const WM_DESTROY = 0x2;
const WM_CLOSE = 0x10;
const WM_TIMER = 0x113;
const WM_SYSTIMER = 0x118;
const WM_DDE_FIRST = 0x3e0;
const WM_DDE_LAST = 0x3e8;
const WM_USER = 0x400;
/** The message that the program never answers. */
const HANGS = WM_USER + 4;

/** Returns the program's answer to a message whose parameters are 16. */
function expected(message: number): bigint {
  if (message < WM_USER) return BigInt(message);
  return { [WM_USER]: 12n, [WM_USER + 1]: 32n, [WM_USER + 2]: 1n }[message] ?? 0n;
}

/**
 * Whether a message can be posted to the program. Posted timer messages would call an address, and
 * the program does not support DDE.
 */
function canBePosted(message: number): boolean {
  return message !== WM_TIMER && message !== WM_SYSTIMER &&
    (message < WM_DDE_FIRST || message > WM_DDE_LAST);
}

/** Returns the result of a call, or the name of its error. */
async function outcome<T>(use: () => T): Promise<Awaited<T> | string> {
  try {
    return await use();
  } catch (error) {
    if (error instanceof Error) return error.name;
    throw error;
  }
}

using own = MessageWindow.open({
  procedure: ({ message }) => message < WM_USER ? undefined : BigInt(message),
});
const onWine = isWine();
const options = { wParam: 16, lParam: 16 };
for (const [first, last] of JSON.parse(ranges) as [number, number][]) {
  for (let message = first; message <= last; message++) {
    if (message === HANGS) continue;
    const refused = WITH_ADDRESSES.includes(message);
    const sent = await outcome(() => sendMessage(window, message, options));
    const name = `message 0x${message.toString(16)}`;
    if (!(onWine && NOT_ON_WINE.includes(message))) {
      assertEquals(sent, refused ? "TypeError" : expected(message), name);
    }
    if (refused || canBePosted(message)) {
      const posted = await outcome(() => postMessage(window, message, options));
      assertEquals(posted, refused ? "TypeError" : undefined, name);
    }
    if (message === WM_CLOSE || message === WM_DESTROY) continue;
    const answer = await outcome(() => sendMessage(own, message, options));
    if (refused || message >= WM_USER) {
      assertEquals(answer, refused ? "TypeError" : BigInt(message), name);
    }
    await outcome(() => postMessage(own, message, options));
    if (message % 0x100 === 0) own.pump();
  }
}
own.pump();
assertEquals(own.closed, false);
console.log("survived");
