/**
 * Sweeps over message numbers, and what has to hold of the windows that get them.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertGreater } from "@std/assert";
import { CopyDataListener, postMessage, sendCopyData } from "../../src/messages/mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { within } from "../support/within.ts";
import type { ArbitrarySender, Parameter, Way } from "./arbitrary_sender.ts";

/** The message by which a test learns that all messages before it were taken. */
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

/** Who finds a window. */
export type Visibility = "message-only" | "hidden";

/** Message numbers, from the first to the last. */
export type Range = readonly [number, number];

/** All ways to get a message to a window. */
export const WAYS: readonly Way[] = ["post", "thread", "send"];

/** The parameters of messages, the first and the second. */
export type Parameters = readonly [Parameter, Parameter];

/** Parameters of every kind: nothing, small numbers, addresses of nothing, anything. */
export const PARAMETERS: readonly Parameters[] = [
  [0, 0],
  [1, 1],
  [0, 16],
  ["random", "random"],
];

/**
 * Messages by which the system's own procedure changes, shows, moves or ends a window, and calls.
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

/** Which messages are sent in a sweep, each with all of the parameters. */
export interface Sweep {
  /** The messages. */
  ranges: readonly Range[];
  /** The parameters. */
  parameters: readonly Parameters[];
  /** How the messages get to the window. @default in all ways */
  ways?: readonly Way[];
}

/** A listener, and a way to wait until it has taken what was posted to it. */
export interface Target extends AsyncDisposable {
  /** The listener. */
  listener: CopyDataListener;
  /** Waits until the listener has taken all that has been posted to it. */
  drain(): Promise<void>;
}

/** Opens a listener whose messages are to be read. */
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
      await within("a listener takes what was posted", taken.promise);
      marks.delete(number!);
    },
    [Symbol.asyncDispose]: () => within("a listener closes", listener.close()),
  };
}

/** Sends the messages of a sweep to a window, and posts them to it and to its thread. */
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
        // Few are refused: those whose parameters the system cannot hand over.
        assertGreater(taken, 10 * refused);
      }
    }
  }
}

/** Reads what a listener has got so far, and gives the number of messages. */
export async function countMessages(listener: CopyDataListener): Promise<number> {
  let count = 0;
  for (; listener.stats.waiting > 0; count++) {
    assert(await listener.receive({ timeout: 20_000 }) !== undefined);
  }
  return count;
}

/** Sweeps over a listener, which has to go on as before, and to close. */
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

/** Gives a listener messages, and more of them while it is to close. */
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

/** Sweeps over a window in a process of its own, which has to go on as before, and to close. */
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

/** A process with a window that takes everything. */
export class AttackedWindow implements AsyncDisposable {
  /** The window. */
  readonly handle: bigint;
  readonly #peer: Peer;

  private constructor(peer: Peer, handle: bigint) {
    this.#peer = peer;
    this.handle = handle;
  }

  /** Starts the process, whose thread runs the message loop or pumps. */
  static async start(visibility: Visibility, way: "run" | "pump"): Promise<AttackedWindow> {
    const peer = await Peer.start(
      "messages/peers/attacked_window.ts",
      randomName(),
      visibility,
      way,
    );
    return new AttackedWindow(peer, BigInt(await peer.nextLine()));
  }

  /** Waits until the window is closed and the process has ended as it should. */
  async closed(): Promise<void> {
    assertEquals(await this.#peer.nextLine(), "closed");
    assertEquals((await this.#peer.gone()).code, 0);
  }

  /** Ends the process. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#peer[Symbol.asyncDispose]();
  }
}
