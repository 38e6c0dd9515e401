// Task: test:faults
//
// Peers that speak the transport of a link, but send something else than a link would.

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { connectRing, listenRing, RingChannel } from "../../../src/channel/mod.ts";
import { encodeValue } from "../../../src/channel/ring/message.ts";
import { CopyDataListener, listWindows, sendCopyData } from "../../../src/messages/mod.ts";
import { listenPipe } from "../../../src/pipe/mod.ts";
import type { MessageLink } from "../../../src/rpc/link.ts";
import { childLink } from "../../../src/rpc/links/child.ts";
import { decodeFrom } from "../../../src/rpc/links/content.ts";
import { endFrame } from "../../../src/rpc/links/frame.ts";
import { listenWindow, windowLink } from "../../../src/rpc/links/listen_window.ts";
import { pipeLink } from "../../../src/rpc/links/pipe.ts";
import { channelLink, ringLink } from "../../../src/rpc/links/ring.ts";
import { struct } from "../../../src/struct/mod.ts";
import { peerUrl } from "../../support/peer_url.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { within } from "../../support/within.ts";
import { PIPE_ATTACKS, RING_ATTACKS, WINDOW_ATTACKS } from "./peers/hostile.ts";

function startHostile(name: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      "--no-prompt",
      "--allow-ffi",
      peerUrl("rpc/links/peers/hostile.ts").href,
      name,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
}

/** Asserts how a link ends. */
async function assertEndsWith(what: string, link: MessageLink, expected: string): Promise<void> {
  const ending = link[Symbol.asyncIterator]().next();
  const result = await within(`the link ends after ${what}`, ending).catch((error) => error);
  if (expected === "end") assertEquals(result, { done: true, value: undefined });
  else {
    assert(result instanceof Error, `${what}: the link got ${Deno.inspect(result)}`);
    assertEquals(result.name, expected, `${what}: ${result}`);
    assertStringIncludes(result.message, "link over");
  }
  await within(`the link is closed after ${what}`, link.closed);
}

Deno.test("Garbage from another process ends a link over a pipe, rings or windows, and no other link", async () => {
  const name = randomName();
  using pipes = listenPipe({ name: `${name}.pipe` });
  using rings = listenRing(`${name}.ring`);
  await using windows = await listenWindow({ class: `${name}.window` });
  const accepted = windows.accept(soon);
  await using near = await windowLink(windows, soon);
  await using far = await accepted;
  const child = startHostile(name);
  const orders = child.stdin.getWriter();
  for (const [what, , expected] of PIPE_ATTACKS) {
    await assertEndsWith(what, pipeLink(await pipes.accept(soon)), expected);
    await orders.write(Uint8Array.of(1));
  }
  for (const [what, , expected] of RING_ATTACKS) {
    await assertEndsWith(what, ringLink(await rings.accept(soon)), expected);
    await orders.write(Uint8Array.of(1));
  }
  for (const [what, , expected] of WINDOW_ATTACKS) {
    await assertEndsWith(what, await windows.accept(soon), expected);
    await orders.write(Uint8Array.of(1));
  }
  await near.send("still there", soon);
  assertEquals((await far[Symbol.asyncIterator]().next()).value, "still there");
  await Promise.all([orders.close(), child.stdout.cancel()]);
  assertEquals((await child.status).code, 0);
});

Deno.test("console.log() of a child ends its link with an error that names console.error()", async () => {
  const child = startHostile("streams");
  const link = childLink(child);
  const error = await assertRejects(
    () => within("the link ends", link[Symbol.asyncIterator]().next()),
    Deno.errors.InvalidData,
  );
  assertStringIncludes(error.message, '"Hello, w"');
  assertStringIncludes(error.message, "use console.error()");
  await link.closed;
  await child.status;
});

Deno.test("A send to a parent that never reads rejects when the parent closes the link", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--no-prompt", peerUrl("rpc/links/peers/sends_unread.ts").href],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = child.stderr.pipeThrough(new TextDecoderStream()).getReader();
  assertStringIncludes((await within("the child sends", errors.read())).value!, "sending");
  const input = child.stdin.getWriter();
  await input.write(endFrame());
  const told = await within("the child's send rejects", errors.read());
  assertStringIncludes(told.value!, "BrokenPipe: Cannot send over the link to the parent process");
  await Promise.all([input.close(), child.stdout.cancel(), errors.cancel()]);
  await child.status;
});

Deno.test("A link over windows ignores other senders, wrong numbers and strangers' greetings", async () => {
  await using listener = await listenWindow();
  const accepted = listener.accept(soon);
  await using near = await windowLink(listener, soon);
  await using far = await accepted;
  await using stranger = await CopyDataListener.open();
  const refused = await sendCopyData(listener, new Uint8Array(1000), { from: stranger });
  assertEquals(refused, 0n);
  // A greeting that names no window, and one of another length.
  for (const length of [16, 5]) {
    await sendCopyData(listener, new Uint8Array(length), { id: 0x4c50_4957 });
  }
  // The windows of the link itself, with a wrong number.
  const windows = listWindows({ pid: Deno.pid, class: /^winipc-/ }).filter(({ handle }) =>
    handle !== stranger.handle
  );
  assert(windows.length >= 3);
  for (const { handle } of windows) {
    await sendCopyData(handle, new Uint8Array(8), { from: stranger, id: 5 });
  }
  await near.send(1, soon);
  assertEquals((await far[Symbol.asyncIterator]().next()).value, 1);
  await assertRejects(() => listener.accept({ timeout: 100 }), Deno.errors.TimedOut);
});

Deno.test("windowLink refuses windows that are gone, that refuse it, or that do not answer", async () => {
  await using busy = await CopyDataListener.open({ answer: 0 });
  await assertRejects(() => windowLink(busy), Deno.errors.ConnectionRefused, "listenWindow()");
  await using mute = await CopyDataListener.open();
  await assertRejects(
    () => windowLink(mute, { timeout: 100 }),
    Deno.errors.TimedOut,
    "may not take",
  );
  const signal = AbortSignal.timeout(100);
  const stopped = await windowLink(mute, { signal }).catch((error) => error);
  assertEquals(stopped, signal.reason);
  const { handle } = mute;
  await mute.close();
  await assertRejects(() => windowLink(handle), Deno.errors.NotFound, "no such window");
});

Deno.test("Values that were changed at random are refused or decoded, and never crash", () => {
  const values = [
    { name: "text", list: [1, 2.5, 3n], when: new Date(0) },
    new Map<unknown, unknown>([[1, new Set(["a"])], ["b", /x/g]]),
    new Float64Array(9),
    [new Error("text", { cause: "cause" }), new Uint8Array(100), [, 1]],
  ];
  let refused = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = new Uint8Array(encodeValue(values[round % values.length]));
    for (let change = 0; change <= round % 4; change++) {
      bytes[Math.floor(Math.random() * bytes.length)] = Math.random() * 256;
    }
    const cut = round % 5 === 0 ? Math.floor(Math.random() * bytes.length) : bytes.length;
    try {
      decodeFrom("link", bytes.slice(0, cut));
    } catch (error) {
      assert(error instanceof Deno.errors.InvalidData, String(error));
      refused++;
    }
  }
  assert(refused > 1000);
});

Deno.test("A link is made only of the right objects, and only with known options", async () => {
  using channel = RingChannel.anonymous();
  using sender = channel.sender();
  // @ts-expect-error -- a link needs both ends
  assertThrows(() => channelLink({ sender }), TypeError, "receiver");
  // @ts-expect-error -- a name is no connection
  assertThrows(() => pipeLink("name"), TypeError, "PipeConnection");
  // @ts-expect-error -- a channel is no connection
  assertThrows(() => ringLink(channel), TypeError, "RingConnection");
  {
    const Number = struct({ number: "u32" });
    using typed = RingChannel.anonymous({ message: Number });
    using receiver = typed.receiver();
    using typedSender = typed.sender();
    await typedSender.write({ number: 7 });
    // @ts-expect-error -- a link decodes cloned values, and not a layout
    assertThrows(() => channelLink({ sender, receiver }), TypeError, "layout");
    assertEquals(receiver.tryReceive(), { number: 7 });
    using plain = channel.receiver();
    // @ts-expect-error -- as above
    assertThrows(() => channelLink({ sender: typedSender, receiver: plain }), TypeError, "layout");
    const name = randomName();
    using listener = listenRing(name, { message: Number });
    const accepted = listener.accept(soon);
    using connection = await connectRing(name, { ...soon, message: Number });
    using server = await accepted;
    await connection.sender.write({ number: 8 });
    // @ts-expect-error -- as above
    assertThrows(() => ringLink(server), TypeError, "layout");
    assertEquals(await server.receiver.receive(soon), { number: 8 });
  }
  const child = startHostile("streams");
  // @ts-expect-error -- there is no such option
  assertThrows(() => childLink(child, { maxLength: 5 }), TypeError, "maxMessageLength");
  const link = childLink(child);
  assertThrows(() => childLink(child), TypeError, "locked");
  await link[Symbol.asyncDispose]();
  await child.status;
});
