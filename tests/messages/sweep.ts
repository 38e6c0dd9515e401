/**
 * Sends messages of many numbers to windows, and asserts that the windows still work.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertGreater } from "@std/assert";
import { CopyDataListener, postMessage, sendCopyData } from "../../src/messages/mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import type { ArbitrarySender, Parameter, Way } from "./arbitrary_sender.ts";

/** The message after which a test knows that all earlier messages were taken. */
const MARK = 0xbfff;

const WM_CREATE = 0x1;
const WM_ACTIVATE = 0x6;
const WM_SETREDRAW = 0xb;
const WM_SETTEXT = 0xc;
const WM_GETTEXT = 0xd;
const WM_PAINT = 0xf;
const WM_CLOSE = 0x10;
const WM_QUIT = 0x12;
const WM_INPUTLANGCHANGEREQUEST = 0x50;
const WM_NCCREATE = 0x81;
const WM_NCDESTROY = 0x82;
const WM_NCLBUTTONDOWN = 0xa1;
const HTCAPTION = 2;
const WM_SYSCOMMAND = 0x112;
const SC_SIZE = 0xf000;
const SC_MOVE = 0xf010;
const SC_CLOSE = 0xf060;
const WM_TIMER = 0x113;
const WM_SYSTIMER = 0x118;
const WM_ENTERSIZEMOVE = 0x231;
const WM_PRINT = 0x317;

/** Whether a window is message-only, or top-level and not shown. */
export type Visibility = "message-only" | "hidden";

/** A range of message numbers, from the first to the last. */
export type Range = readonly [number, number];

/** All ways to get a message to a window. */
export const WAYS: readonly Way[] = ["post", "thread", "send"];

/** The first and the second parameter of a message. */
export type Parameters = readonly [Parameter, Parameter];

/** Parameters of every kind: zeros, small numbers, invalid addresses, random numbers. */
export const PARAMETERS: readonly Parameters[] = [
  [0, 0],
  [1, 1],
  [0, 16],
  ["random", "random"],
];

/**
 * Messages by which `DefWindowProcW` changes, shows, moves or ends a window, or calls an address.
 */
export const MEANINGFUL: readonly (readonly [number, Parameters])[] = [
  [WM_CREATE, [0, 0]],
  [WM_ACTIVATE, [1, 0]],
  [WM_SETREDRAW, [1, 0]],
  [WM_SETTEXT, [0, 0]],
  [WM_GETTEXT, [100, 0]],
  [WM_PAINT, [0, 0]],
  [WM_QUIT, [0, 0]],
  [WM_INPUTLANGCHANGEREQUEST, [0, 0x409]],
  [WM_NCCREATE, [0, 0]],
  [WM_NCDESTROY, [0, 0]],
  [WM_NCLBUTTONDOWN, [HTCAPTION, 0]],
  [WM_SYSCOMMAND, [SC_SIZE, 0]],
  [WM_SYSCOMMAND, [SC_MOVE, 0]],
  [WM_SYSCOMMAND, [SC_CLOSE, 0]],
  [WM_TIMER, [1, "ExitProcess"]],
  [WM_SYSTIMER, [1, "ExitProcess"]],
  [WM_ENTERSIZEMOVE, [0, 0]],
  [WM_PRINT, [0, 0xff]],
];

/** The messages of a sweep. Each message is sent with all of the parameters. */
export interface Sweep {
  /** The messages. */
  ranges: readonly Range[];
  /** The parameters. */
  parameters: readonly Parameters[];
  /** How the messages get to the window. @default all ways */
  ways?: readonly Way[];
}

/** A listener, and a wait until it has taken the messages that were posted to it. */
export interface Target extends AsyncDisposable {
  /** The listener. */
  listener: CopyDataListener;
  /** Waits until the listener has taken all messages that were posted to it. */
  drain(): Promise<void>;
}

/** Opens a listener without `onMessage`. */
export async function openTarget(visibility: Visibility): Promise<Target> {
  const marks = new Map<bigint, () => void>();
  const listener = await CopyDataListener.open({
    visibility,
    answers: {
      [MARK]: (wParam) => {
        marks.get(wParam)?.();
        return 0;
      },
    },
  });
  return {
    listener,
    drain: async () => {
      const taken = Promise.withResolvers<void>();
      const [number] = crypto.getRandomValues(new BigUint64Array(1));
      marks.set(number!, taken.resolve);
      postMessage(listener, MARK, { wParam: number! });
      await within("a listener takes the posted messages", taken.promise);
      marks.delete(number!);
    },
    [Symbol.asyncDispose]: () => within("a listener closes", listener.close()),
  };
}

/** Sends the messages of a sweep to a window in all ways of the sweep. */
async function act(
  sender: ArbitrarySender,
  window: { handle: bigint },
  { ranges, parameters: all, ways = WAYS }: Sweep,
): Promise<void> {
  for (const parameters of all) {
    for (const way of ways) {
      for (const range of ranges) {
        const { gone, taken, refused } = await sender.act(way, window, range, parameters);
        assertFalse(gone);
        // The system refuses only a few messages, whose parameters it cannot pass on.
        assertGreater(taken, 10 * refused);
      }
    }
  }
}

/** Reads the waiting messages of a listener, and returns their number. */
export async function countMessages(listener: CopyDataListener): Promise<number> {
  let count = 0;
  for (; listener.stats.waiting > 0; count++) {
    assert(await listener.receive(soon) !== undefined);
  }
  return count;
}

/** Sends a sweep to a listener, and asserts that it then works as before and closes. */
export async function sweepListener(
  sender: ArbitrarySender,
  visibility: Visibility,
  sweep: Sweep,
): Promise<void> {
  const before = sender.data;
  const { listener, drain } = await openTarget(visibility);
  await act(sender, listener, sweep);
  await drain();
  assertEquals(await sendCopyData(listener, "still there"), 1n);
  assertEquals(await countMessages(listener), sender.data - before + 1);
  assertEquals(listener.stats.failed + listener.stats.late, 0);
  await within("a listener closes", listener.close());
}

/** Sends messages to a listener, and asserts that it closes although more of them wait. */
export async function closeUnder(
  sender: ArbitrarySender,
  visibility: Visibility,
  messages: typeof MEANINGFUL,
): Promise<void> {
  const { listener, drain } = await openTarget(visibility);
  const actAll = async () => {
    for (const [message, parameters] of messages) {
      for (const way of WAYS) {
        assertFalse((await sender.act(way, listener, [message, message], parameters)).gone);
      }
    }
  };
  await actAll();
  await drain();
  assertEquals(await sendCopyData(listener, ""), 1n);
  await actAll();
  await within("a listener closes", listener.close());
}

/** Sends a sweep to a window of another process, and asserts that it then works as before. */
export async function sweepWindow(
  sender: ArbitrarySender,
  visibility: Visibility,
  way: "run" | "pump",
  sweep: Sweep,
): Promise<void> {
  const before = sender.data;
  await using window = await AttackedWindow.start(visibility, way);
  await act(sender, window, sweep);
  assertEquals(await sendCopyData(window, ""), BigInt(sender.data - before + 1));
  postMessage(window, WM_CLOSE);
  await window.closed();
}

/** A process with a window that takes all messages. */
export class AttackedWindow implements AsyncDisposable {
  /** The window. */
  readonly handle: bigint;
  readonly #peer: Peer;

  private constructor(peer: Peer, handle: bigint) {
    this.#peer = peer;
    this.handle = handle;
  }

  /** Starts the process. Its main thread calls `run()` or `pump()`. */
  static async start(visibility: Visibility, way: "run" | "pump"): Promise<AttackedWindow> {
    const peer = await Peer.start(
      "messages/peers/attacked_window.ts",
      randomName(),
      visibility,
      way,
    );
    return new AttackedWindow(peer, BigInt(await peer.nextLine()));
  }

  /** Waits until the window is closed and the process has ended without an error. */
  async closed(): Promise<void> {
    assertEquals(await this.#peer.nextLine(), "closed");
    assertEquals((await this.#peer.gone()).code, 0);
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
  }
}
