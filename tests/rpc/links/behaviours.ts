/**
 * The behaviours that all links have in common, each between real processes.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { client } from "../../../src/rpc/mod.ts";
import { SharedEvent } from "../../../src/sync/mod.ts";
import { soon } from "../../support/soon.ts";
import { within } from "../../support/within.ts";
import { type Kind, MAX_LENGTH } from "./kinds.ts";
import type { handlers } from "./peers/handlers.ts";

/** Takes values of a link. */
async function take(iterator: AsyncIterator<unknown>, what = "a value comes"): Promise<unknown> {
  const { done, value } = await within(what, iterator.next());
  assert(!done, "the link has ended");
  return value;
}

/** Tests what a link carries, what it refuses, and how the peer's close ends it. */
export function testValues({ name, open, isLimited, waits }: Kind): void {
  Deno.test(`A link over ${name} carries values in order, refuses bad ones, and ends with the peer's close`, async (t) => {
    await using other = await open();
    const { link } = other;
    const iterator = link[Symbol.asyncIterator]();

    await t.step("It carries values of the structured clone algorithm", async () => {
      const values = [
        undefined,
        null,
        "",
        -0,
        2n ** 70n,
        new Map([[1, new Set(["a"])]]),
        new Date(5),
        /x/g,
        new Float64Array([1.5, 2.5]),
        { nested: [new Error("text")] },
      ];
      for (const value of values) {
        await link.send(value, soon);
        assertEquals(await take(iterator), value);
      }
      const cycle: { self?: unknown } = {};
      cycle.self = cycle;
      await link.send(cycle);
      const back = await take(iterator) as { self: unknown };
      assertEquals(back.self, back);
    });

    await t.step("It takes the value at the time of the call", async () => {
      const value = { number: 1 };
      const sent = link.send(value, soon);
      value.number = 2;
      await sent;
      assertEquals(await take(iterator), { number: 1 });
    });

    await t.step("Overlapping sends keep their order", async () => {
      const sent = Array.from({ length: 200 }, (_, number) => link.send({ number }, soon));
      for (let number = 0; number < 200; number++) {
        assertEquals(await take(iterator), { number });
      }
      await Promise.all(sent);
    });

    await t.step("It carries a value of a mebibyte", async () => {
      const bytes = new Uint8Array(2 ** 20).map((_, index) => index * 7);
      await link.send(bytes, soon);
      const back = await take(iterator) as Uint8Array<ArrayBuffer>;
      // Not assertEquals: it compares a million numbers one by one.
      assertEquals(back.length, bytes.length);
      assert(back.every((byte, index) => byte === bytes[index]));
    });

    await t.step("A value that cannot be cloned is refused, and the link goes on", async () => {
      const error = await assertRejects(() => link.send({ call: () => {} }), DOMException);
      assertEquals(error.name, "DataCloneError");
      using event = SharedEvent.anonymous();
      const advised = await assertRejects(() => link.send({ event }), DOMException);
      assertStringIncludes(advised.message, "it owns a system object");
      await link.send("still there", soon);
      assertEquals(await take(iterator), "still there");
    });

    if (isLimited) {
      await t.step("A value that is too long is refused, and the link goes on", async () => {
        const error = await assertRejects(
          () => link.send(new Uint8Array(MAX_LENGTH + 1)),
          RangeError,
          "bytes, and",
        );
        assertStringIncludes(error.message, "link");
        await link.send("still there", soon);
        assertEquals(await take(iterator), "still there");
      });
    }

    await t.step("Wrong options are refused, and an aborted signal sends nothing", async () => {
      await assertRejects(() => link.send(1, { timeout: -1 }), RangeError);
      const reason = new Error("on purpose");
      const signal = AbortSignal.abort(reason);
      assertEquals(await link.send(1, { signal }).catch((error) => error), reason);
    });

    if (waits) {
      await t.step("A send waits while the peer does not read, and can be stopped", async () => {
        await link.send({ do: "pause", milliseconds: 500 }, soon);
        const value = new Uint8Array(2 ** 19);
        let sent = 0;
        await assertRejects(async () => {
          for (; sent < 1000; sent++) await link.send(value, { timeout: 50 });
        }, Deno.errors.TimedOut);
        assertLess(sent, 200);
        // The last send is stopped: its value may have begun, and then arrives whole.
        await link.send("after the pause", soon);
        let count = 0;
        while (await take(iterator) !== "after the pause") count++;
        assertGreaterOrEqual(count, sent);
        assertLess(count, sent + 2);
      });
    }

    await t.step("Both directions can be full at the same time", async () => {
      await link.send({ do: "flood", count: 100, length: 2 ** 17 }, soon);
      const sends = Array.from(
        { length: 100 },
        (_, number) => link.send({ back: number, bytes: new Uint8Array(2 ** 17) }, soon),
      );
      const numbers: number[] = [];
      const backs: number[] = [];
      for (let count = 0; count < 200; count++) {
        const value = await take(iterator) as { number?: number; back?: number };
        if (value.number !== undefined) numbers.push(value.number);
        else backs.push(value.back!);
      }
      await Promise.all(sends);
      const expected = Array.from({ length: 100 }, (_, number) => number);
      assertEquals([numbers, backs], [expected, expected]);
    });

    await t.step("The peer's close ends the iteration, and the link is over", async () => {
      await link.send("last");
      await link.send({ do: "close" }, soon);
      assertEquals(await take(iterator), "last");
      assertEquals((await within("the iteration ends", iterator.next())).done, true);
      await within("the link is closed", link.closed);
      await assertRejects(() => link.send(1), Deno.errors.BrokenPipe);
      assertEquals((await iterator.next()).done, true);
      assertEquals(await within("the peer ends", other.gone()), 0);
    });
  });
}

/** Tests how the close of this end ends a link. */
export function testClose({ name, open }: Kind): void {
  Deno.test(`A link over ${name} that is closed ends at both ends, with all values`, async () => {
    await using other = await open();
    const { link } = other;
    const iterator = link[Symbol.asyncIterator]();
    await link.send("ready", soon);
    assertEquals(await take(iterator), "ready");
    const pending = iterator.next();
    const sends = Array.from({ length: 20 }, () => link.send(new Uint8Array(2 ** 18)));
    const closing = link[Symbol.asyncDispose]();
    assertEquals((await within("next() settles", pending)).done, true);
    await within("the sends are over", Promise.all(sends));
    await within("the link is closed", closing);
    await link.closed;
    await link[Symbol.asyncDispose]();
    assertEquals((await iterator.next()).done, true);
    await assertRejects(() => link.send(1), Deno.errors.BadResource, "link");
    assertEquals(await within("the peer ends", other.gone()), 0);
  });
}

/** Tests how the peer's death ends a link. */
export function testKill({ name, open }: Kind): void {
  Deno.test(`A link over ${name} fails at once when the peer is killed`, async () => {
    await using other = await open();
    const { link } = other;
    const iterator = link[Symbol.asyncIterator]();
    await link.send("ready", soon);
    assertEquals(await take(iterator), "ready");
    assert((link.peer?.pid ?? 4) > 0);
    const kill = setTimeout(() => other.kill(), Math.random() * 20);
    let error: unknown;
    try {
      // A random moment of the exchange.
      for (let number = 0;; number++) {
        await link.send({ number, bytes: new Uint8Array(1000) }, soon);
        assertEquals((await take(iterator) as { number: number }).number, number);
      }
    } catch (thrown) {
      error = thrown;
    }
    clearTimeout(kill);
    // A send can fail first. A link is over when its reader knows that no value is left.
    if (error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset) {
      error = await within("the iteration ends", iterator.next()).catch((thrown) => thrown);
    }
    assert(error instanceof Deno.errors.ConnectionReset, String(error));
    assertStringIncludes(error.message, "link");
    await within("the link is closed", link.closed);
    await assertRejects(() => link.send(1), Deno.errors.ConnectionReset);
    await assertRejects(() => iterator.next(), Deno.errors.ConnectionReset);
  });
}

/** Tests calls and streams, and their end by the peer's death. */
export function testRequests({ name, open }: Kind): void {
  Deno.test(`Calls and streams go over ${name}, and fail at once when the peer is killed`, async () => {
    await using other = await open(name === "a Worker" ? "worker_server.ts" : "server.ts");
    await using server = client<typeof handlers>(other.link);
    assertEquals(await server.call("add", [1, 2], soon), 3);
    await assertRejects(() => server.call("fail", undefined, soon), RangeError, "on purpose");
    const numbers: number[] = [];
    for await (const number of server.stream("count", 200)) numbers.push(number);
    assertEquals(numbers, Array.from({ length: 200 }, (_, number) => number));
    const sums = await Promise.all(
      Array.from({ length: 100 }, (_, number) => server.call("add", [number, 1], soon)),
    );
    assertEquals(sums, numbers.slice(1, 101));
    const waiting = assertRejects(
      () => within("the call fails", server.call("wait")),
      Deno.errors.ConnectionReset,
    );
    assertEquals(await server.call("add", [2, 2], soon), 4);
    other.kill();
    await waiting;
    await within("the client is closed", server.closed);
  });
}

/** Tests how the peer's death ends a link that nobody reads. */
export function testUnread({ name, open }: Kind): void {
  Deno.test(`A link over ${name} that nobody reads is over when the peer is killed`, async () => {
    await using other = await open();
    const { link } = other;
    await link.send("ready", soon);
    const iterator = link[Symbol.asyncIterator]();
    assertEquals(await take(iterator), "ready");
    await iterator.return!();
    other.kill();
    await within("the link is closed", link.closed);
    await assertRejects(() => link.send(1), Deno.errors.ConnectionReset);
    await assertRejects(() => iterator.next(), Deno.errors.ConnectionReset);
  });
}
