// Task: test:peers

/**
 * This library and C programs that call plain Win32: the two processes of the classic recipe. The
 * tests compile them, and fail without a C compiler.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import {
  CopyDataListener,
  encodeText,
  findWindow,
  sendCopyData,
  sendCopyDataSync,
  type TextEncoding,
} from "../../src/messages/mod.ts";
import { type Bits, compileC } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { soon } from "../support/soon.ts";

/** Runs process A, and returns its output: the answer that it got. */
async function runProcessA(path: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(path, { args }).output();
  return new TextDecoder().decode(stdout).trim();
}

/** Starts process B, compiled for this test, and finds its window. */
async function startProcessB(visibility: "top-level" | "message-only", bits: Bits) {
  const name = randomName();
  const program = await compileC(peerUrl("messages/peers/recipe_receiver.c"), { bits });
  const peer = await Peer.startProgram(program.path, name, visibility);
  const window = await findWindow({ class: name });
  return {
    peer,
    window,
    [Symbol.asyncDispose]: async () => {
      await peer[Symbol.asyncDispose]();
      await program[Symbol.asyncDispose]();
    },
  };
}

peers.test("CopyDataListener takes ANSI and Unicode of a C program, counted in bytes or characters, with or without a NUL", async (bits) => {
  await using program = await compileC(peerUrl("messages/peers/recipe_sender.c"), { bits });
  await using listener = await CopyDataListener.open({ answer: 9, visibility: "hidden" });
  const text = "Hello";
  const cases: [string[], TextEncoding, Uint8Array<ArrayBuffer>, string][] = [
    [["ansi"], "ansi", encodeText("Hello", "ansi"), text],
    [["ansi", "nul"], "ansi", encodeText("Hello\0", "ansi"), text],
    [["unicode"], "utf-16le", encodeText("Hello"), text],
    [["unicode", "nul"], "utf-16le", encodeText("Hello\0"), text],
    // The classic mistake: with a count of characters instead of bytes, half of the text arrives.
    [["characters"], "utf-16le", encodeText("Hello").slice(0, 5), "He\ufffd"],
    [["characters", "nul"], "utf-16le", encodeText("Hello").slice(0, 6), "Hel"],
  ];
  for (const [how, encoding, bytes, read] of cases) {
    assertEquals(await runProcessA(program.path, listener.class, ...how, text), "9");
    const message = (await listener.receive())!;
    assertEquals([message.id, message.bytes], [42n, bytes]);
    assertEquals(message.text(encoding), read);
  }
});

peers.test("CopyDataListener answers a C program by a handler", async (bits) => {
  await using program = await compileC(peerUrl("messages/peers/recipe_sender.c"), { bits });
  await using listener = await CopyDataListener.open({
    onMessage: async (message) => await Promise.resolve(message.text().length),
  });
  assertEquals(await runProcessA(program.path, listener.class, "unicode", "数据 12"), "5");
  assertEquals(await runProcessA(program.path, randomName(), "unicode", "x"), "none");
});

peers.test("sendCopyData() sends an ANSI string to a C program, with or without a NUL", async (bits) => {
  await using b = await startProcessB("top-level", bits);
  for (const [terminate, byteLength] of [[false, 5], [true, 6]] as const) {
    const options = { encoding: "ansi", terminate, id: 1 } as const;
    assertEquals(await sendCopyData(b.window, "Hello", options), BigInt(byteLength));
    assertEquals(await b.peer.nextLine(), `1 ${byteLength} Hello`);
    assertEquals(sendCopyDataSync(b.window, "Hello", options), BigInt(byteLength));
    assertEquals(await b.peer.nextLine(), `1 ${byteLength} Hello`);
  }
  // Read as ANSI, UTF-16 ends at its first zero byte.
  await sendCopyData(b.window, "Hello", { id: 1 });
  assertEquals(await b.peer.nextLine(), "1 10 H");
});

peers.test("sendCopyData() sends 0 bytes to 64 MiB to a C program without loss", async (bits) => {
  await using b = await startProcessB("message-only", bits);
  for (const byteLength of [0, 1, 65_536, 2 ** 20, 2 ** 20 + 1, 2 ** 26]) {
    const bytes = new Uint8Array(byteLength);
    new Uint32Array(bytes.buffer, 0, byteLength >> 2).forEach((_, i, words) => words[i] = i * 97);
    const sum = bytes.reduce((total, byte) => (Math.imul(total, 31) + byte) >>> 0, 0);
    const options = { id: 3, timeout: 60_000 * SLOWNESS };
    assertEquals(await sendCopyData(b.window, bytes, options), BigInt(byteLength));
    assertEquals(await b.peer.nextLine(), `3 ${byteLength} ${sum}`);
    assertEquals(sendCopyDataSync(b.window, bytes, options), BigInt(byteLength));
    assertEquals(await b.peer.nextLine(), `3 ${byteLength} ${sum}`);
  }
});

peers.test("sendCopyData() returns the answer of a C program that sends back before it answers", async (bits) => {
  await using b = await startProcessB("message-only", bits);
  const heard: string[] = [];
  await using listener = await CopyDataListener.open({
    onMessage: (message) => {
      heard.push(`${message.id} ${message.text("ansi")} ${message.sender.pid === b.peer.pid}`);
      return 77;
    },
  });
  assertEquals(await sendCopyData(b.window, "", { id: 2, from: listener }), 77n);
  assertEquals(heard, ["7 inside true"]);
  // A listener without handlers answers also while the script blocks.
  await using other = await CopyDataListener.open({ answer: 5 });
  assertEquals(sendCopyDataSync(b.window, "", { id: 2, from: other }), 5n);
  assertEquals((await other.receive())?.text("ansi"), "inside");
});

peers.test("sendCopyData() throws TimedOut if a C program hangs, and NotFound if it ends during the send", async (bits) => {
  await using b = await startProcessB("message-only", bits);
  const started = performance.now();
  await assertRejects(
    () => sendCopyData(b.window, "", { id: 4, timeout: 200 }),
    Deno.errors.TimedOut,
  );
  assertLess(performance.now() - started, 10_000);
  await using c = await startProcessB("message-only", bits);
  await assertRejects(
    () => sendCopyData(c.window, "", { id: 5, ...soon }),
    Deno.errors.NotFound,
  );
  assert((await c.peer.gone()).code === 9);
});
