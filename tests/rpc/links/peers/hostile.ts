/**
 * A peer that speaks the transports of links, but sends something else than a link would. The
 * argument is the name to meet at.
 *
 * @module
 */

import { connectRing } from "../../../../src/channel/mod.ts";
import { CopyDataListener, findWindow, sendCopyData } from "../../../../src/messages/mod.ts";
import { connectPipe } from "../../../../src/pipe/mod.ts";
import { endFrame, FrameStart, messageFrame } from "../../../../src/rpc/links/frame.ts";
import {
  WINDOW_KINDS,
  WINDOW_VERSION,
  WindowFrame,
  WindowGreeting,
} from "../../../../src/rpc/links/window_frame.ts";
import { soon } from "../../../support/soon.ts";

const TEXT = new TextEncoder().encode("Hello, world\r\n");
const RANDOM = crypto.getRandomValues(new Uint8Array(300));
// The first byte of a frame is "W", so that these bytes are never one.
RANDOM[0] = 0;

/** An attack, and the class of the error that the link must end with. */
type Attack = readonly [
  what: string,
  bytes: Uint8Array<ArrayBuffer>,
  expected: "InvalidData" | "ConnectionReset" | "end",
];

/** The attacks over a pipe. */
export const PIPE_ATTACKS: readonly Attack[] = [
  ["a text", TEXT, "InvalidData"],
  ["random bytes", RANDOM, "InvalidData"],
  ["one wrong byte", Uint8Array.of(0x58), "InvalidData"],
  ["a frame that is no value", messageFrame(TEXT), "InvalidData"],
  ["an empty frame", messageFrame(new Uint8Array()), "InvalidData"],
  ["a length of 4 GiB", startOf(2 ** 32 - 1), "InvalidData"],
  ["an end with a length", withLength(endFrame(), 1), "InvalidData"],
  ["half a frame", messageFrame(RANDOM).slice(0, 100), "ConnectionReset"],
  ["half a start", messageFrame(RANDOM).slice(0, 3), "ConnectionReset"],
  ["nothing", new Uint8Array(), "ConnectionReset"],
  ["an end", endFrame(), "end"],
];

/** The attacks over rings. */
export const RING_ATTACKS: readonly Attack[] = [
  ["a text", TEXT, "InvalidData"],
  ["nothing", new Uint8Array(), "InvalidData"],
  ["random bytes", RANDOM, "InvalidData"],
];

/** The attacks over windows. */
export const WINDOW_ATTACKS: readonly Attack[] = [
  ["a text", TEXT, "InvalidData"],
  ["nothing", new Uint8Array(), "InvalidData"],
  ["a frame that is no value", windowFrame(1), "InvalidData"],
  ["a message too early", windowFrame(2), "InvalidData"],
  ["the message before the first one", windowFrame(0), "InvalidData"],
];

function startOf(length: number): Uint8Array<ArrayBuffer> {
  return withLength(messageFrame(new Uint8Array()), length);
}

function withLength(frame: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  FrameStart.write(frame, { kind: FrameStart.read(frame).kind, length });
  return frame;
}

function windowFrame(sequence: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(WindowFrame.byteLength + TEXT.length);
  WindowFrame.write(frame, { kind: WINDOW_KINDS.message, sequence });
  frame.set(TEXT, WindowFrame.byteLength);
  return frame;
}

async function attackPipe(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await using pipe = await connectPipe(name, { ...soon, waitForServer: true });
  await pipe.write(bytes, soon);
}

async function attackRing(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  using ring = await connectRing(name, { ...soon, waitForServer: true });
  await ring.sender.send(bytes, soon);
  // The link closes its ends.
  await ring.receiver.receive(soon);
}

/** Makes a link by the documented handshake, and sends a message over it. */
async function attackWindow(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  await using own = await CopyDataListener.open();
  const server = await findWindow({ class: name, ...soon });
  const hello = new Uint8Array(WindowGreeting.byteLength);
  WindowGreeting.write(hello, {
    kind: WINDOW_KINDS.hello,
    version: WINDOW_VERSION,
    token: 5,
    maxLength: 1000,
  });
  await sendCopyData(server, hello, { id: WINDOW_KINDS.hello, from: own });
  const welcome = (await own.receive(soon))!;
  const { token } = WindowGreeting.read(welcome.bytes);
  await sendCopyData(welcome.sender, bytes, { id: token, from: own });
  await own.receive({ timeout: 200 }).catch(() => {});
}

/**
 * Waits until the test has seen the end of the attack before. A listener can take clients in another
 * order than the one in which they came.
 */
async function untilSeen(): Promise<void> {
  await Deno.stdin.read(new Uint8Array(1));
}

if (import.meta.main) {
  const [name] = Deno.args;
  if (name === "streams") {
    console.log("Hello, world");
    await Deno.stdin.read(new Uint8Array(100));
  } else {
    for (const [, bytes] of PIPE_ATTACKS) {
      await attackPipe(`${name}.pipe`, bytes);
      await untilSeen();
    }
    for (const [, bytes] of RING_ATTACKS) {
      await attackRing(`${name}.ring`, bytes);
      await untilSeen();
    }
    for (const [, bytes] of WINDOW_ATTACKS) {
      await attackWindow(`${name}.window`, bytes);
      await untilSeen();
    }
  }
}
