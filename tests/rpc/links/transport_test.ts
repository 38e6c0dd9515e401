// The state that all links have in common, over transports within the test.

import {
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { type ByteStream, FramedTransport } from "../../../src/rpc/links/framed.ts";
import { childLink } from "../../../src/rpc/links/child.ts";
import { encodeValue } from "../../../src/channel/ring/message.ts";
import { endFrame, messageFrame } from "../../../src/rpc/links/frame.ts";
import { linkOver } from "../../../src/rpc/links/transport.ts";
import type { WaitOptions } from "../../../src/wait/options.ts";
import { AsyncQueue } from "../../../src/wait/queue.ts";
import { within } from "../../support/within.ts";

/** A stream of bytes that the test writes, and that notes what the link writes. */
class FakeStream implements ByteStream {
  readonly label = "link over a fake";
  readonly peer: undefined;
  readonly hint = "a hint";
  readonly arriving = new AsyncQueue<Uint8Array<ArrayBuffer>>();
  readonly written: Uint8Array<ArrayBuffer>[] = [];
  /** What a write waits for, or rejects with. */
  writing: Promise<void> = Promise.resolve();
  readonly ends: string[] = [];
  readonly holds: boolean[] = [];

  /** Called when a read begins. */
  onRead: () => void = () => {};
  #isReading = false;

  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#isReading) throw new Error("Two reads at a time");
    this.#isReading = true;
    this.onRead();
    try {
      return await this.arriving.take();
    } finally {
      this.#isReading = false;
    }
  }

  async write(bytes: Uint8Array<ArrayBuffer>, { signal }: WaitOptions): Promise<void> {
    signal?.throwIfAborted();
    this.written.push(bytes);
    await this.writing;
  }

  close(): Promise<void> {
    return this.#end("close");
  }

  abort(): Promise<void> {
    return this.#end("abort");
  }

  hold(isHeld: boolean): void {
    this.holds.push(isHeld);
  }

  #end(how: string): Promise<void> {
    this.ends.push(how);
    this.arriving.end();
    return Promise.resolve();
  }
}

function open(maxMessageLength = 1000) {
  const stream = new FakeStream();
  const link = linkOver(new FramedTransport(stream, { maxMessageLength }));
  return { stream, link, iterator: link[Symbol.asyncIterator]() };
}

function frameOf(value: unknown): Uint8Array<ArrayBuffer> {
  return messageFrame(encodeValue(value));
}

/** Lets all pending callbacks run. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
}

Deno.test("A link that nobody reads is over when its peer closes it or dies", async () => {
  for (const bytes of [endFrame(), undefined]) {
    const { stream, link, iterator } = open();
    await turn();
    if (bytes === undefined) stream.arriving.end();
    else stream.arriving.put(bytes);
    await within("the link is over", link.closed);
    assertEquals(stream.ends, ["abort"]);
    if (bytes === undefined) {
      await assertRejects(() => link.send(1), Deno.errors.ConnectionReset, "link over a fake");
      await assertRejects(() => iterator.next(), Deno.errors.ConnectionReset, "link over a fake");
    } else {
      await assertRejects(() => link.send(1), Deno.errors.BrokenPipe, "the peer has closed it");
      assertEquals(await iterator.next(), { done: true, value: undefined });
    }
  }
});

Deno.test("A value that nobody has taken holds the end of a link back", async () => {
  const { stream, link, iterator } = open();
  let isOver = false;
  void link.closed.then(() => isOver = true);
  for (const value of [1, 2]) stream.arriving.put(frameOf(value));
  stream.arriving.end();
  await turn();
  assertEquals(isOver, false);
  assertEquals(await iterator.next(), { done: false, value: 1 });
  assertEquals(await iterator.next(), { done: false, value: 2 });
  await assertRejects(() => iterator.next(), Deno.errors.ConnectionReset);
  await within("the link is over", link.closed);
});

Deno.test("A link looks for the end again after a loop was left, and after a send has failed", async () => {
  for (const how of ["left", "failed"]) {
    const { stream, link, iterator } = open();
    stream.arriving.put(frameOf(1));
    assertEquals(await iterator.next(), { done: false, value: 1 });
    if (how === "left") {
      await iterator.return!();
    } else {
      stream.writing = Promise.reject(new Deno.errors.BrokenPipe("the peer is gone"));
      await assertRejects(() => link.send(1), Deno.errors.BrokenPipe, "link over a fake failed");
    }
    stream.arriving.end();
    await within(`the link is over after a loop was ${how}`, link.closed);
  }
});

Deno.test("A link takes one value ahead at most", async () => {
  const { stream, link } = open();
  for (const value of [1, 2, 3]) stream.arriving.put(frameOf(value));
  await turn();
  await link[Symbol.asyncIterator]().return!();
  await turn();
  assertEquals(stream.arriving.takeAll().length, 2);
  await link[Symbol.asyncDispose]();
});

Deno.test("A second next() is Busy, and does not disturb the first one", async () => {
  const { stream, link, iterator } = open();
  const first = iterator.next();
  await assertRejects(() => iterator.next(), Deno.errors.Busy, "another next()");
  stream.arriving.put(frameOf("value"));
  assertEquals(await first, { done: false, value: "value" });
  await link[Symbol.asyncDispose]();
});

Deno.test("A link that is disposed of waits for its sends, sends the end, and drops the value ahead", async () => {
  const { stream, link, iterator } = open();
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.writing = promise;
  stream.arriving.put(frameOf("late"));
  await turn();
  const sent = link.send("last");
  const closing = link[Symbol.asyncDispose]();
  assertEquals(await iterator.next(), { done: true, value: undefined });
  await turn();
  assertEquals(stream.ends, []);
  resolve();
  const begin = performance.now();
  await Promise.all([sent, within("the link is closed", closing)]);
  // The sends are over, so nothing waits for the limit of 5 seconds.
  assertLess(performance.now() - begin, 2500);
  assertEquals(stream.written, [frameOf("last"), endFrame()]);
  assertEquals(stream.ends, ["close"]);
  await link[Symbol.asyncDispose]();
  assertEquals(stream.ends, ["close"]);
  await assertRejects(() => link.send(1), Deno.errors.BadResource, "is closed");
  link.ref?.();
  assertEquals(stream.holds, []);
});

Deno.test("A link that is disposed of reads on, because the peer may wait for that", async () => {
  const { stream, link } = open();
  const { promise, resolve } = Promise.withResolvers<void>();
  stream.writing = promise;
  const sent = link.send("last");
  await turn();
  let count = 0;
  stream.onRead = () => {
    if (++count === 3) resolve();
  };
  for (const value of [1, 2, 3]) stream.arriving.put(frameOf(value));
  const begin = performance.now();
  await within("the link is closed", link[Symbol.asyncDispose]());
  assertLess(performance.now() - begin, 2500);
  await sent;
});

Deno.test("A send that the end of the link interrupts rejects with the reason of the end", async () => {
  const { stream, link } = open();
  const { promise, reject } = Promise.withResolvers<void>();
  stream.writing = promise;
  const sent = link.send(1);
  await turn();
  stream.arriving.end();
  await within("the link is over", link.closed);
  reject(new Deno.errors.BadResource("The stream is closed"));
  await assertRejects(() => sent, Deno.errors.ConnectionReset, "the peer has died");
});

Deno.test("A link refuses wrong options of a send before the transport gets the value", async () => {
  const { stream, link } = open();
  await assertRejects(() => link.send(1, { timeout: -1 }), RangeError, "timeout");
  assertEquals(stream.written, []);
  await link[Symbol.asyncDispose]();
});

Deno.test("A link passes on ref(), unref(), and the reason of a stopped send", async () => {
  const { stream, link } = open();
  link.unref?.();
  link.ref?.();
  assertEquals(stream.holds, [false, true]);
  // A fault of the transport of the same class would get the link's name.
  const reason = new Deno.errors.TimedOut("on purpose");
  const error = await link.send(1, { signal: AbortSignal.abort(reason) }).catch((error) => error);
  assertEquals(error, reason);
  await link[Symbol.asyncDispose]();
});

Deno.test("Garbage ends a link that nobody reads, with an error for the reader", async () => {
  const { stream, link, iterator } = open();
  stream.arriving.put(messageFrame(new TextEncoder().encode("no value")));
  await within("the link is over", link.closed);
  await assertRejects(() => iterator.next(), Deno.errors.InvalidData, "not an encoded value");
  await assertRejects(() => link.send(1), Deno.errors.InvalidData);
  assertEquals(stream.ends, ["abort"]);
});

Deno.test("A link has its limit for both directions, to the byte", async () => {
  const value = "x".repeat(90);
  const { length } = encodeValue(value);
  const fits = open(length);
  await fits.link.send(value);
  fits.stream.arriving.put(frameOf(value));
  assertEquals(await fits.iterator.next(), { done: false, value });
  await fits.link[Symbol.asyncDispose]();
  const short = open(length - 1);
  await assertRejects(() => short.link.send(value), RangeError, `${length} bytes`);
  assertEquals(short.stream.written, []);
  short.stream.arriving.put(frameOf(value));
  await assertRejects(() => short.iterator.next(), Deno.errors.InvalidData, `${length} bytes`);
  await short.link.closed;
});

Deno.test("The death of a peer in the middle of a value is told", async () => {
  const { stream, link, iterator } = open();
  stream.arriving.put(frameOf("value").slice(0, 9));
  stream.arriving.end();
  await assertRejects(() => iterator.next(), Deno.errors.ConnectionReset, "in the middle");
  await link.closed;
});

/** A child whose streams the test has. */
function fakeChild() {
  const input = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const output = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const status = Promise.withResolvers<{ code: number }>();
  const child = {
    pid: 1000,
    stdin: input.writable,
    stdout: output.readable,
    status: status.promise,
  };
  return { child, status, input: input.readable.getReader(), output: output.writable.getWriter() };
}

Deno.test("childLink locks neither stream of a child if another writer has one of them", async () => {
  const { child, input } = fakeChild();
  const writer = child.stdin.getWriter();
  assertThrows(() => childLink(child), TypeError, "another reader or writer has locked them");
  assertEquals(child.stdout.locked, false);
  writer.releaseLock();
  const link = childLink(child);
  const closing = link[Symbol.asyncDispose]();
  assertEquals((await input.read()).value, endFrame());
  assertEquals((await input.read()).done, true);
  await closing;
});

Deno.test("The error of a child's link has the exit code, even if that is known later than the end", async () => {
  const { child, status, output } = fakeChild();
  const link = childLink(child);
  const ended = assertRejects(
    () => link[Symbol.asyncIterator]().next(),
    Deno.errors.ConnectionReset,
    "its exit code is 3",
  );
  await output.close();
  await turn();
  status.resolve({ code: 3 });
  await within("the link ends", ended);
  await link.closed;
});

Deno.test("A child's link ends with the child, even if another process keeps the output open", async () => {
  const { child, status, output } = fakeChild();
  const link = childLink(child);
  status.resolve({ code: 4 });
  await output.write(frameOf("last"));
  const iterator = link[Symbol.asyncIterator]();
  assertEquals(await iterator.next(), { done: false, value: "last" });
  const error = await assertRejects(
    () => within("the link ends", iterator.next()),
    Deno.errors.ConnectionReset,
  );
  assertStringIncludes(error.message, "its exit code is 4");
  await link.closed;
});

Deno.test("A child that does not read its input makes send() wait, and values keep their order", async () => {
  const { child, input } = fakeChild();
  const link = childLink(child);
  const first = link.send("first");
  await assertRejects(() => link.send("never", { timeout: 20 }), Deno.errors.TimedOut, "not read");
  const last = link.send("last");
  assertEquals((await input.read()).value, frameOf("first"));
  assertEquals((await input.read()).value, frameOf("last"));
  await Promise.all([first, last]);
  const closing = link[Symbol.asyncDispose]();
  assertEquals((await input.read()).value, endFrame());
  assertEquals((await input.read()).done, true);
  await within("the link is closed", closing);
});

Deno.test("A send to a child that has begun arrives whole before the end, however it was stopped", async () => {
  for (const how of ["timeout", "signal"]) {
    const options = how === "timeout" ? { timeout: 20 } : { signal: AbortSignal.timeout(20) };
    const { child, input } = fakeChild();
    const link = childLink(child);
    const stopped = link.send("begun", options).catch((error) => error);
    const { name } = await within("the send is stopped", stopped);
    assertEquals(name, how === "timeout" ? "TimedOut" : "TimeoutError");
    const closing = link[Symbol.asyncDispose]();
    assertEquals((await input.read()).value, frameOf("begun"));
    assertEquals((await input.read()).value, endFrame());
    assertEquals((await input.read()).done, true);
    await closing;
  }
});

Deno.test("A send that waits for a child rejects when the child closes its link", async () => {
  const { child, output } = fakeChild();
  const link = childLink(child);
  const sent = [link.send(1), link.send(2)];
  await output.write(endFrame());
  for (const send of sent) {
    await assertRejects(() => send, Deno.errors.BrokenPipe, "the peer has closed it");
  }
  await link.closed;
});

Deno.test("A send to a child that has closed its input is a BrokenPipe", async () => {
  const { child, input, output } = fakeChild();
  const link = childLink(child);
  await input.cancel();
  await assertRejects(() => link.send(1), Deno.errors.BrokenPipe, "has closed its input");
  await output.close();
  await link.closed;
});
