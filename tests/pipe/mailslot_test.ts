import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { codeOf } from "../../ffi/error.ts";
import { queryObject } from "../../ffi/handle.ts";
import { createMailslot, MAILSLOT_RIGHTS } from "../../ffi/named_pipe.ts";
import { currentUserSid, readSecurity, sddlFor, SECURITY_INFORMATION } from "../../ffi/security.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { Mailslot, openMailslot } from "../../src/pipe/mod.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

/** Returns bytes that differ from their neighbours, beginning with a number. */
function bytes(length: number, first = 0): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, index) => (first + index * 7 + (index >> 8)) % 256);
}

/** Both ends of a mailslot in this process. */
function bothEnds(options = {}) {
  const name = randomName();
  const mailslot = Mailslot.create(name, options);
  const sender = openMailslot(name);
  return {
    name,
    mailslot,
    sender,
    [Symbol.dispose]() {
      sender.close();
      mailslot.close();
    },
  };
}

Deno.test("Mailslot.receive() returns messages of any size whole, and empty ones, too", async () => {
  using ends = bothEnds();
  const { mailslot, sender } = ends;
  const sizes = [0, 1, 0, 0, 65_535, 65_536, 65_537, 2 ** 20, 2 ** 20 + 1, 5 * 2 ** 20, 3, 0];
  for (const [index, size] of sizes.entries()) sender.send(bytes(size, index));
  for (const [index, size] of sizes.entries()) {
    assertEquals(await mailslot.receive(soon), bytes(size, index), `message ${index}`);
  }
  // The same messages while a read waits for each of them.
  for (const [index, size] of sizes.entries()) {
    const next = mailslot.receive(soon);
    sender.send(bytes(size, index));
    assertEquals(await next, bytes(size, index), `message ${index}`);
  }
  assertEquals(mailslot.tryReceive(), undefined);
});

Deno.test("MailslotSender.send() takes bytes of each kind, and only the bytes of a view", async () => {
  using ends = bothEnds();
  const { mailslot, sender } = ends;
  const shared = new SharedArrayBuffer(3);
  new Uint8Array(shared).set([1, 2, 3]);
  sender.send(shared);
  sender.send(new Uint8Array([0, 1, 2, 3, 0]).subarray(1, 4));
  sender.send(Uint16Array.of(0x0201));
  sender.send(new DataView(Uint8Array.of(9, 8).buffer, 1));
  sender.send(new ArrayBuffer(2));
  const received = [];
  for (let count = 0; count < 5; count++) received.push([...await mailslot.receive(soon)]);
  assertEquals(received, [[1, 2, 3], [1, 2, 3], [1, 2], [8], [0, 0]]);
  assertThrows(() => Reflect.apply(sender.send, sender, ["text"]), TypeError, "to be bytes");
});

Deno.test("Mailslot.tryReceive() returns the next message, or undefined if there is none", () => {
  using ends = bothEnds();
  const { mailslot, sender } = ends;
  assertEquals(mailslot.tryReceive(), undefined);
  assertEquals(mailslot.tryReceive(), undefined);
  for (const size of [0, 70_000, 2]) sender.send(bytes(size));
  for (const size of [0, 70_000, 2]) assertEquals(mailslot.tryReceive(), bytes(size));
  assertEquals(mailslot.tryReceive(), undefined);
});

Deno.test("A message stays what it was when further messages arrive", async () => {
  using ends = bothEnds();
  const { mailslot, sender } = ends;
  sender.send(bytes(100, 1));
  const first = await mailslot.receive(soon);
  sender.send(bytes(100, 2));
  const second = mailslot.tryReceive();
  assertEquals([first, second], [bytes(100, 1), bytes(100, 2)]);
});

Deno.test("Mailslot.info counts all messages, also one that a stopped receive() has read", async () => {
  using ends = bothEnds({ maxMessageSize: 100_000 });
  const { mailslot, sender } = ends;
  const maxMessageSize = 100_000;
  const none = { maxMessageSize, nextSize: undefined, messageCount: 0 };
  assertEquals(mailslot.info, none);
  await assertRejects(() => mailslot.receive({ timeout: 1 }), Deno.errors.TimedOut);
  assertEquals(mailslot.info, none);
  sender.send(bytes(5));
  assertEquals(mailslot.info, { maxMessageSize, nextSize: 5, messageCount: 1 });
  sender.send(bytes(0));
  sender.send(bytes(80_000));
  assertEquals(mailslot.info, { maxMessageSize, nextSize: 5, messageCount: 3 });
  assertEquals(mailslot.tryReceive()?.length, 5);
  assertEquals(mailslot.info, { maxMessageSize, nextSize: 0, messageCount: 2 });
  assertEquals((await mailslot.receive(soon)).length, 0);
  assertEquals(mailslot.info, { maxMessageSize, nextSize: 80_000, messageCount: 1 });
  assertEquals((await mailslot.receive(soon)).length, 80_000);
  assertEquals(mailslot.info, none);
});

Deno.test("Mailslot.info counts a message that is longer than the memory of the read in flight", () => {
  using ends = bothEnds();
  const { mailslot, sender } = ends;
  assertEquals(mailslot.tryReceive(), undefined);
  sender.send(bytes(70_000));
  sender.send(bytes(1));
  const { nextSize, messageCount } = mailslot.info;
  assertEquals([nextSize, messageCount], [70_000, 2]);
  assertEquals(mailslot.tryReceive()?.length, 70_000);
});

Deno.test("Mailslot.receive() with a timeout of 0 looks once", async () => {
  using ends = bothEnds();
  const { mailslot, sender } = ends;
  await assertRejects(
    () => mailslot.receive({ timeout: 0 }),
    Deno.errors.TimedOut,
    "Waited 0 ms for a message in the mailslot",
  );
  sender.send(bytes(2));
  assertEquals(await mailslot.receive({ timeout: 0 }), bytes(2));
});

Deno.test("A receive() that a signal or a timeout stops leaves its message to tryReceive()", async () => {
  using ends = bothEnds();
  const { mailslot, sender } = ends;
  const controller = new AbortController();
  const reason = new Error("no longer");
  const stopped = assertRejects(() => mailslot.receive({ signal: controller.signal }), Error);
  controller.abort(reason);
  assertEquals(await stopped, reason);
  sender.send(bytes(1));
  assertEquals(mailslot.tryReceive(), bytes(1));
  await assertRejects(() => mailslot.receive({ timeout: 2 }), Deno.errors.TimedOut);
  sender.send(bytes(2));
  assertEquals(mailslot.tryReceive(), bytes(2));
  sender.send(bytes(3));
  await assertRejects(() => mailslot.receive({ signal: AbortSignal.abort(reason) }), Error);
  assertEquals(await mailslot.receive(soon), bytes(3));
});

Deno.test("A second receive() and a tryReceive() are Busy while the first receive() waits", async () => {
  using ends = bothEnds();
  const { mailslot, sender } = ends;
  const first = mailslot.receive(soon);
  await assertRejects(() => mailslot.receive(), Deno.errors.Busy, "another receive() is not over");
  assertThrows(() => mailslot.tryReceive(), Deno.errors.Busy);
  sender.send(bytes(4));
  assertEquals(await first, bytes(4));
  sender.send(bytes(5));
  assertEquals(mailslot.tryReceive(), bytes(5));
});

Deno.test("Mailslot.close() ends a receive() with BadResource, and an iteration without an error", async () => {
  for (const isParked of [true, false]) {
    using ends = bothEnds();
    const { mailslot } = ends;
    const received = assertRejects(
      () => mailslot.receive(),
      Deno.errors.BadResource,
      "closed",
    );
    // A wait changes its way after 100 ms.
    if (!isParked) await new Promise((resolve) => setTimeout(resolve, 150));
    mailslot.close();
    await received;
  }
  using ends = bothEnds();
  const { mailslot, sender } = ends;
  const sizes: number[] = [];
  const iteration = (async () => {
    for await (const { length } of mailslot) {
      sizes.push(length);
      // The next receive() is in flight when the mailslot is closed.
      if (sizes.length === 2) setTimeout(() => mailslot.close());
    }
  })();
  sender.send(bytes(2));
  sender.send(bytes(0));
  await iteration;
  assertEquals(sizes, [2, 0]);
});

Deno.test("A mailslot stays open when a script leaves its iteration", async () => {
  using ends = bothEnds();
  const { mailslot, sender } = ends;
  for (const size of [1, 2, 3]) sender.send(bytes(size));
  for await (const { length } of mailslot) if (length === 2) break;
  assertEquals(await mailslot.receive(soon), bytes(3));
});

Deno.test("A closed mailslot and a closed sender throw BadResource, and can be closed again", async () => {
  const { mailslot, sender } = bothEnds();
  for (const end of [mailslot, sender]) {
    end.close();
    end.close();
    end[Symbol.dispose]();
  }
  mailslot.ref();
  mailslot.unref();
  assertThrows(() => sender.send(bytes(1)), Deno.errors.BadResource, "is closed");
  assertThrows(() => mailslot.tryReceive(), Deno.errors.BadResource);
  assertThrows(() => mailslot.info, Deno.errors.BadResource);
  await assertRejects(() => mailslot.receive(), Deno.errors.BadResource);
  for await (const _message of mailslot) throw new Error("A closed mailslot has a message");
});

Deno.test("Mailslot.create() throws AlreadyExists while the name is taken, in any case of letters", () => {
  const name = randomName();
  {
    using _first = Mailslot.create(name);
    for (const same of [name, name.toUpperCase(), `\\\\.\\MAILSLOT\\${name}`]) {
      const error = assertThrows(() => Mailslot.create(same), Deno.errors.AlreadyExists);
      assertStringIncludes(error.message, `Cannot create the mailslot "`);
      assertStringIncludes(error.message, "take another name");
    }
  }
  using _second = Mailslot.create(name);
});

Deno.test("openMailslot() throws NotFound if there is no mailslot, and after its end", () => {
  const name = randomName();
  const missing = () => openMailslot(name);
  const { message } = assertThrows(missing, Deno.errors.NotFound);
  assertStringIncludes(message, `Cannot open the mailslot "\\\\.\\mailslot\\${name}"`);
  assertStringIncludes(message, "start its receiver first");
  Mailslot.create(name).close();
  assertThrows(missing, Deno.errors.NotFound);
});

Deno.test("Names of mailslots can have folders, and be paths", async () => {
  const name = `${randomName()}\\of ä\\1`;
  using mailslot = Mailslot.create(name);
  const path = `\\\\.\\mailslot\\${name}`;
  using sender = openMailslot(path);
  assertEquals([mailslot.path, sender.path], [path, path]);
  sender.send(bytes(3));
  assertEquals(await mailslot.receive(soon), bytes(3));
});

Deno.test("Mailslots of other machines and of domains are NotSupported", () => {
  for (const path of ["\\\\server\\mailslot\\a", "\\\\*\\mailslot\\a"]) {
    for (const act of [() => Mailslot.create(path), () => openMailslot(path)]) {
      assertThrows(act, Deno.errors.NotSupported, "Windows has retired remote mailslots");
    }
  }
});

Deno.test("A message that is longer than maxMessageSize is refused, or dropped on Wine", async () => {
  using ends = bothEnds({ maxMessageSize: 10 });
  const { mailslot, sender } = ends;
  sender.send(bytes(10));
  for (const size of [11, 100_000]) {
    if (isWine()) {
      // Microsoft says that Windows refuses such a message. Wine does not.
      sender.send(bytes(size));
      sender.send(bytes(1));
      assertEquals((await mailslot.receive(soon)).length, size === 11 ? 10 : 1);
      await assertRejects(
        () => mailslot.receive(soon),
        Deno.errors.InvalidData,
        `Dropped a message of ${size} bytes`,
      );
    } else {
      assertThrows(() => sender.send(bytes(size)), Deno.errors.InvalidData, "maxMessageSize");
    }
  }
  sender.send(bytes(2));
  if (isWine()) assertEquals(mailslot.tryReceive()?.length, 1);
  else assertEquals((await mailslot.receive(soon)).length, 10);
  assertEquals(mailslot.tryReceive()?.length, 2);
});

Deno.test("A mailslot admits only this user and the system by default, and others by its options", () => {
  const self = currentUserSid();
  const { owner, dacl } = SECURITY_INFORMATION;
  const cases = [
    ["user", `O:${self}D:P(A;;FA;;;${self})(A;;FA;;;SY)`],
    ["everyone", `O:${self}D:P(A;;FA;;;${self})(A;;FA;;;SY)(A;;0x120196;;;WD)`],
  ] as const;
  for (const [security, expected] of cases) {
    const path = `\\\\.\\mailslot\\${randomName()}`;
    const settings = { path, label: "mailslot", maxMessageSize: 10 };
    using handle = createMailslot(settings, sddlFor(security, MAILSLOT_RIGHTS));
    assertEquals(queryObject(handle.value, "Cannot look").type, "File");
    assertEquals(readSecurity(handle.value, owner | dacl), expected);
  }
  using _own = Mailslot.create(randomName(), { security: "D:P(A;;GA;;;WD)" });
  assertThrows(
    () => Reflect.apply(Mailslot.create, Mailslot, [randomName(), { security: "nobody" }]),
    TypeError,
    "Expected security",
  );
});

Deno.test("openMailslot() with an owner trusts a mailslot of this user, but none on Wine", () => {
  const name = randomName();
  using _mailslot = Mailslot.create(name);
  // Wine tells a sender nothing about the owner of the mailslot.
  if (isWine()) {
    const { message } = assertThrows(
      () => openMailslot(name, { owner: "self" }),
      Deno.errors.PermissionDenied,
    );
    assertStringIncludes(message, "its owner is nobody");
    // The sender's handle is closed. Otherwise the name would still be taken on Wine.
    _mailslot.close();
    Mailslot.create(name).close();
  } else openMailslot(name, { owner: "self" }).close();
});

Deno.test("A failure of Windows names the call and its code", () => {
  const error = assertThrows(() => openMailslot(randomName()));
  assertEquals(codeOf(error), 2); // ERROR_FILE_NOT_FOUND
  assertStringIncludes(String(error), "CreateFileW failed with error 2");
});
