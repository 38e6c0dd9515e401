import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { openPipe } from "../../ffi/named_pipe.ts";
import { currentUserSid, readSecurity, SECURITY_INFORMATION } from "../../ffi/security.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { connectPipe, listenPipe, type ListenPipeOptions } from "../../src/pipe/mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { bytesOf, readText } from "./bytes.ts";
import {
  connectCClient,
  expectAnswer,
  pathOf,
  readAnswer,
  startCClient,
  startCServer,
} from "./c_peers.ts";

Deno.test("listenPipe() takes a name or a path, and a client in C finds the pipe in each case of letters", async () => {
  const name = `${randomName()}\\Sub folder\\ä`;
  for (const given of [name, pathOf(name), `\\\\.\\PIPE\\${name}`]) {
    using listener = listenPipe({ name: given });
    assertEquals(listener.path, pathOf(name));
    for (const called of [name, name.toUpperCase()]) {
      await using client = await connectCClient(called);
      await using connection = await listener.accept(soon);
      assertEquals([connection.path, connection.peer.pid], [pathOf(name), client.pid]);
    }
  }
});

Deno.test("listenPipe() refuses invalid names before it creates a pipe", () => {
  for (const name of ["", "\\\\.\\pipe\\", "a\0b", "\\\\.\\mailslot\\a", "\\a", "/a"]) {
    assertThrows(() => listenPipe({ name }), TypeError);
  }
  const remote = assertThrows(() => listenPipe({ name: "\\\\server\\pipe\\a" }), TypeError);
  assertMatch(remote.message, /a server listens on its own machine/);
  const longest = randomName().padEnd(247, "a");
  listenPipe({ name: longest }).close();
  assertThrows(() => listenPipe({ name: `${longest}a` }), RangeError, "at most 256 characters");
});

Deno.test("listenPipe() throws AlreadyExists if this or another process has the name", async () => {
  const name = randomName();
  const taken = (options: Partial<ListenPipeOptions> = {}) =>
    assertThrows(
      () => listenPipe({ name, ...options }),
      Deno.errors.AlreadyExists,
      `Cannot create the pipe "${pathOf(name)}"`,
    );
  {
    using _ = listenPipe({ name });
    for (const mode of ["bytes", "messages"] as const) taken({ mode });
    for (const direction of ["inbound", "outbound"] as const) taken({ direction });
    assertThrows(() => listenPipe({ name: name.toUpperCase() }), Deno.errors.AlreadyExists);
  }
  {
    await using peer = await Peer.start("pipe/peers/end.ts");
    await expectAnswer(peer, `listen ${name}`, "listening");
    taken();
    await using _ = await connectPipe(name, soon);
    taken();
  }
  for (const instances of [1, 10]) {
    for (const direction of ["duplex", "inbound", "outbound"] as const) {
      await using server = await startCServer(name, { instances, direction });
      taken();
      assertEquals(await server.ask("close"), "0");
    }
  }
  // All others are gone, so the name is free.
  listenPipe({ name }).close();
});

Deno.test("listenPipe() has the name for itself: FILE_FLAG_FIRST_PIPE_INSTANCE of a server in C fails", async () => {
  const name = randomName();
  using _ = listenPipe({ name });
  await using other = await startCServer(randomName());
  const answer = await other.ask(`first ${pathOf(name)}`);
  // Wine ignores the flag, so it creates one more instance. Windows denies that (5).
  assertEquals(answer, isWine() ? "0" : "5");
});

Deno.test("listenPipe() lets a process of the same user create an instance, as its documentation says", async () => {
  const name = randomName();
  using _ = listenPipe({ name });
  await using other = await startCServer(randomName());
  assertEquals(await other.ask(`instance ${pathOf(name)}`), "0");
});

/** Reads a part of the descriptor of a pipe, as a client. */
function descriptorOf(name: string, parts: number): string {
  const path = pathOf(name);
  using handle = openPipe({ path, label: path, impersonation: "anonymous" }).handle;
  return readSecurity(handle.value, parts);
}

Deno.test("listenPipe() admits this user and the system, and other users only as clients", () => {
  const self = currentUserSid();
  const own = `(A;;0x1f01ff;;;${self})(A;;0x1f01ff;;;SY)`;
  const client = 0x12_019b;
  // FILE_CREATE_PIPE_INSTANCE
  assertEquals(client & 4, 0);
  const rights = (account: string) => `(A;;0x${client.toString(16)};;;${account})`;
  const sid = "S-1-15-2-1-2-3-4-5-6-7";
  const cases: [Partial<ListenPipeOptions>, dacl: string, isLow: boolean][] = [
    [{}, own, false],
    [{ security: "everyone" }, own + rights("WD"), true],
    [{ security: "everyone-full" }, `${own}(A;;0x1f01ff;;;WD)`, true],
    [{ packages: true }, own + rights("AC"), true],
    [{ packages: [sid] }, own + rights(sid), true],
    [{ packages: [sid], security: "everyone" }, own + rights(sid) + rights("WD"), true],
    [{ security: `O:${self}D:P(A;;GA;;;SY)(A;;GA;;;${self})` }, "", false],
  ];
  const { owner, dacl, label } = SECURITY_INFORMATION;
  for (const [options, expected, isLow] of cases) {
    const name = randomName();
    using _ = listenPipe({ name, ...options });
    assertEquals(descriptorOf(name, owner), `O:${self}`);
    if (expected !== "") {
      const found = descriptorOf(name, dacl).replaceAll("FA", "0x1f01ff");
      assertEquals(found, `D:P${expected}`);
    }
    // Wine 10 keeps no label.
    if (!isWine()) assertEquals(descriptorOf(name, label), isLow ? "S:(ML;;NW;;;LW)" : "");
  }
});

Deno.test("listenPipe() refuses packages beside a descriptor, and identifiers of no package", () => {
  const name = randomName();
  assertThrows(
    () => listenPipe({ name, packages: true, security: "D:P(A;;GA;;;WD)" }),
    TypeError,
    "Leave out { packages }",
  );
  for (const packages of [[], ["S-1-5-18"], ["a)(A"]]) {
    assertThrows(() => listenPipe({ name, packages }).close(), TypeError, "Expected packages");
  }
  const error = assertThrows(() => listenPipe({ name, security: "O:xx" }), TypeError);
  assertMatch(error.message, /O:xx/);
});

for (const mode of ["bytes", "messages"] as const) {
  Deno.test(`PipeListener serves 200 clients one after the other, and then the next, with ${mode}`, async () => {
    const name = randomName();
    using listener = listenPipe({ name, mode });
    await using client = await startCClient(name);
    for (let round = 0; round < 200; round++) {
      assertEquals([round, await client.ask("open rw")], [round, "0"]);
      await using connection = await listener.accept(soon);
      assertEquals(await client.ask("write 616263"), "wrote 3 0");
      assertEquals(await readText(connection), "abc");
      await connection.write(bytesOf("de"));
      assertEquals(await client.ask("read 100"), readAnswer(bytesOf("de")));
      assertEquals(await client.ask("close"), "0");
      assertEquals(await readText(connection), null);
    }
  });
}

Deno.test("PipeListener serves 40 clients at a time, and outlives all of them", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  const echo = (async () => {
    let count = 0;
    for await (const connection of listener) {
      count++;
      connection.readable.pipeTo(connection.writable).catch(() => {});
    }
    return count;
  })();
  for (let round = 0; round < 2; round++) {
    const clients = await Promise.all(Array.from({ length: 40 }, () => connectPipe(name, soon)));
    await Promise.all(clients.map((client, index) => client.write(bytesOf(`client ${index}`))));
    const answers = await Promise.all(clients.map((client) => readText(client)));
    assertEquals(answers, clients.map((_, index) => `client ${index}`));
    // The pipes are idle now, and leave threads of the pool to others.
    await within("Deno.stat ends", Deno.stat(import.meta.dirname!));
    for (const client of clients) client.close();
  }
  listener.close();
  assertEquals(await within("the iteration ends", echo), 80);
});

Deno.test("PipeListener.accept() returns a client that came and went, with its bytes, and goes on", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  await using client = await startCClient(name);
  for (const order of ["write 616263", undefined]) {
    assertEquals(await client.ask("open rw"), "0");
    if (order !== undefined) assertEquals(await client.ask(order), "wrote 3 0");
    assertEquals(await client.ask("close"), "0");
  }
  for (const text of ["abc", null]) {
    await using connection = await listener.accept(soon);
    assertEquals(await readText(connection), text);
    assertEquals(await readText(connection), null);
    await assertRejects(() => connection.write(bytesOf("x")), Deno.errors.BrokenPipe);
  }
  assertEquals(await client.ask("open rw"), "0");
  await using connection = await listener.accept(soon);
  await connection.write(bytesOf("here"));
  assertEquals(await client.ask("read 9"), readAnswer(bytesOf("here")));
});

Deno.test("PipeListener takes 500 clients that come and go at once, and then the next", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  await using storm = await startCClient(name);
  await storm.send("storm 500");
  for (let index = 0; index < 500; index++) {
    await using connection = await listener.accept(soon);
    assertEquals([index, await readText(connection)], [index, null]);
  }
  assertEquals(await storm.nextLine(), "500");
  assertEquals(await storm.ask("open rw"), "0");
  await using connection = await listener.accept(soon);
  await connection.write(bytesOf("here"));
  assertEquals(await storm.ask("read 9"), readAnswer(bytesOf("here")));
});

Deno.test("PipeListener admits as many clients as its backlog before accept(), and the next one finds the pipe busy", async () => {
  for (const backlog of [1, 3, undefined]) {
    const name = randomName();
    using listener = listenPipe({ name, ...(backlog !== undefined && { backlog }) });
    await using stack = new AsyncDisposableStack();
    const admitted = backlog ?? 4;
    for (let index = 0; index < admitted; index++) {
      stack.use(await connectPipe(name, { timeout: 2000 }));
    }
    const waiting = connectPipe(name, soon);
    waiting.then((client) => stack.use(client), () => {});
    // The listener has time to see its clients, and still admits no more.
    await assertRejects(() => connectPipe(name, { timeout: 200 }), Deno.errors.TimedOut);
    stack.use(await listener.accept(soon));
    await within("the next client is let in", waiting);
  }
});

Deno.test("PipeListener has at most maxConnections connections, and admits the next when one is closed", async () => {
  const name = randomName();
  using listener = listenPipe({ name, maxConnections: 2 });
  await using first = await connectPipe(name, soon);
  await using _second = await connectPipe(name, soon);
  const served = await listener.accept(soon);
  await using _other = await listener.accept(soon);
  await assertRejects(() => connectPipe(name, { timeout: 200 }), Deno.errors.TimedOut);
  await assertRejects(() => listener.accept({ timeout: 0 }), Deno.errors.TimedOut);
  // The place is free when the server closes its end, not when the client goes.
  first.close();
  assertEquals(await readText(served), null);
  await assertRejects(() => connectPipe(name, { timeout: 0 }), Deno.errors.TimedOut);
  served.close();
  await using third = await connectPipe(name, soon);
  await using connection = await listener.accept(soon);
  await third.write(bytesOf("third"));
  assertEquals(await readText(connection), "third");
});

Deno.test("PipeListener.accept() rejects at its timeout and at its signal, and then takes the next client", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  const error = await assertRejects(() => listener.accept({ timeout: 5 }), Deno.errors.TimedOut);
  assertEquals(
    error.message,
    `Waited 5 ms for a client of the pipe "${pathOf(name)}"`,
  );
  const controller = new AbortController();
  const stopped = listener.accept({ signal: controller.signal });
  const reason = new Error("enough");
  controller.abort(reason);
  assertEquals(await stopped.catch((error) => error), reason);
  const { signal } = controller;
  assertEquals(await listener.accept({ signal }).catch((error) => error), reason);
  await using client = await connectCClient(name);
  await using connection = await listener.accept(soon);
  assertEquals(connection.peer.pid, client.pid);
});

Deno.test("PipeListener.close() ends accept() and iteration, and leaves no instance that takes clients", async () => {
  const name = randomName();
  const listener = listenPipe({ name, backlog: 8 });
  const iterating = (async () => {
    let count = 0;
    for await (const connection of listener) {
      connection.close();
      count++;
    }
    return count;
  })();
  const accepting = listener.accept();
  accepting.catch(() => {});
  await using client = await startCClient(name);
  assertEquals(await client.ask("open rw"), "0");
  // The iteration has taken the client, and closed its connection.
  assertEquals(await client.ask("read 1"), readAnswer(new Uint8Array(), 109));
  await client.ask("close");
  listener.close();
  listener.close();
  await assertRejects(() => accepting, Deno.errors.BadResource, "is closed");
  assertEquals(await within("the iteration ends", iterating), 1);
  await assertRejects(() => listener.accept(), Deno.errors.BadResource, "is closed");
  // ERROR_FILE_NOT_FOUND
  assertEquals(await client.ask("open rw"), "2");
  listenPipe({ name }).close();
});

Deno.test("PipeListener.close() ends the clients that accept() has not returned", async () => {
  const name = randomName();
  const listener = listenPipe({ name });
  await using client = await connectCClient(name);
  await client.send("read 1");
  await within("the client is admitted", new Promise((resolve) => setTimeout(resolve)));
  listener.close();
  // ERROR_BROKEN_PIPE
  assertEquals(await client.nextLine(), readAnswer(new Uint8Array(), 109));
});

Deno.test("Connections outlive their listener, whose name takes no more clients", async () => {
  const name = randomName();
  const listener = listenPipe({ name });
  await using client = await connectCClient(name);
  await using connection = await listener.accept(soon);
  listener.close();
  await using late = await startCClient(name);
  // Windows says that all instances are busy (231), because the connection's instance is there. The
  // client in C waits for that. Ours would, too.
  await assertRejects(() => connectPipe(name, { timeout: 0 }), Deno.errors.TimedOut);
  await connection.write(bytesOf("still here"));
  assertEquals(await client.ask("read 99"), readAnswer(bytesOf("still here")));
  assertThrows(() => listenPipe({ name }), Deno.errors.AlreadyExists);
  connection.close();
  assertEquals(await late.ask("open rw"), "2");
  listenPipe({ name }).close();
});

Deno.test("The signal of listenPipe() closes the listener", async () => {
  const name = randomName();
  const controller = new AbortController();
  using listener = listenPipe({ name, signal: controller.signal });
  const accepting = listener.accept();
  controller.abort();
  await assertRejects(() => accepting, Deno.errors.BadResource);
  await assertRejects(() => connectPipe(name), Deno.errors.NotFound);
  assertThrows(() => listenPipe({ name, signal: controller.signal }), DOMException, "aborted");
});
