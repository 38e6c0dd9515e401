import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { currentUserSid } from "../../ffi/security.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { connectPipe, type ConnectPipeOptions, listenPipe } from "../../src/pipe/mod.ts";
import type { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { bytesOf, readMessageText, readText } from "./bytes.ts";
import {
  connectCClient,
  expectAnswer,
  pathOf,
  readAnswer,
  startCClient,
  startCServer,
} from "./c_peers.ts";
import { testOnWindows } from "./only_on_windows.ts";

/** A server in C has no owner on Wine, and the owner Administrators in an elevated process. */
const anyone = { ...soon, server: "anyone" } as const;

Deno.test("connectPipe() throws NotFound if there is no server, at once", async () => {
  const name = randomName();
  const error = await assertRejects(() => connectPipe(name, soon), Deno.errors.NotFound);
  assert(error.message.startsWith(`Cannot connect to the pipe "${pathOf(name)}": `), error.message);
  assert(error.message.endsWith("or pass { waitForServer: true }"), error.message);
});

Deno.test("connectPipe() takes a name or a path, and refuses invalid names", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  for (const given of [name, pathOf(name), `\\\\.\\Pipe\\${name.toUpperCase()}`]) {
    await using _client = await connectPipe(given, soon);
    await using _connection = await listener.accept(soon);
  }
  for (const wrong of ["", "\\\\.\\pipe\\", "a\0b", "\\\\.\\mailslot\\a", "\\a"]) {
    await assertRejects(() => connectPipe(wrong), TypeError);
  }
  await assertRejects(() => connectPipe("a".repeat(248)), RangeError);
});

Deno.test("connectPipe() with waitForServer waits until there is a server, or its time is over", async () => {
  const name = randomName();
  const error = await assertRejects(
    () => connectPipe(name, { waitForServer: true, timeout: 5 }),
    Deno.errors.TimedOut,
  );
  assertEquals(
    error.message,
    `Waited 5 ms for pipe "${pathOf(name)}", but did not find it`,
  );
  const connecting = connectPipe(name, { ...anyone, waitForServer: true });
  await using server = await startCServer(name);
  await using connection = await within("the client is let in", connecting);
  assertEquals(await server.ask("connect"), "connected");
  await connection.write(bytesOf("hi"));
  assertEquals(await server.ask("read 9"), readAnswer(bytesOf("hi")));
});

Deno.test("connectPipe() waits while the pipe is busy: all instances are taken, or not connected again", async () => {
  const name = randomName();
  await using server = await startCServer(name, { instances: 1 });
  await using first = await connectPipe(name, anyone);
  assertEquals(await server.ask("connect"), "connected");
  const stillBusy = async () => {
    for (const waitForServer of [false, true]) {
      await assertRejects(
        () => connectPipe(name, { ...anyone, waitForServer, timeout: 20 }),
        Deno.errors.TimedOut,
        `Waited 20 ms for the pipe "${pathOf(name)}": its server was busy with other clients`,
      );
    }
  };
  await stillBusy();
  const waiting = connectPipe(name, anyone);
  assertEquals(await server.ask("disconnect"), "0");
  await stillBusy();
  assertEquals(await server.ask("connect"), "connected");
  await using second = await within("the second client is let in", waiting);
  await second.write(bytesOf("second"));
  assertEquals(await server.ask("read 9"), readAnswer(bytesOf("second")));
  assertEquals(await readText(first), null);
});

Deno.test("connectPipe() stops to wait when its signal is aborted", async () => {
  const name = randomName();
  const reason = new Error("enough");
  const aborted = { signal: AbortSignal.abort(reason) };
  assertEquals(await connectPipe(name, aborted).catch((error) => error), reason);
  await using server = await startCServer(name, { instances: 1 });
  await using _ = await connectPipe(name, anyone);
  for (const pipe of [name, randomName()]) {
    const controller = new AbortController();
    const connecting = connectPipe(pipe, {
      ...anyone,
      waitForServer: true,
      signal: controller.signal,
    });
    await new Promise((resolve) => setTimeout(resolve));
    controller.abort(reason);
    assertEquals(await within("the wait ends", connecting.catch((error) => error)), reason);
  }
  assertEquals(await server.ask("connect"), "connected");
});

/** The answer of a server to a client that goes at once, perhaps before the server has seen it. */
const CAME_AND_WENT = /^(connected|232)$/;

/** Asserts that a client refuses a server in C, and that the server gets no byte. */
async function assertRefused(
  name: string,
  server: Peer,
  options: ConnectPipeOptions,
): Promise<string> {
  await server.send("connect");
  const connecting = connectPipe(name, { ...soon, ...options });
  const { message } = await assertRejects(() => connecting, Deno.errors.PermissionDenied);
  assertMatch(await server.nextLine(), CAME_AND_WENT);
  assertEquals(await server.ask("read 9"), readAnswer(new Uint8Array(), 109));
  await server.ask("disconnect");
  return message;
}

Deno.test("connectPipe() trusts a server of the same user, without an option", async () => {
  const name = randomName();
  const self = currentUserSid();
  await using server = await startCServer(name, { sddl: `O:${self}D:P(A;;GA;;;${self})` });
  for (const options of [{}, { server: "sameUser" }] as const) {
    await server.send("connect");
    await using _ = await connectPipe(name, { ...soon, ...options });
    assertEquals(await server.nextLine(), "connected");
    assertEquals(await server.ask("disconnect"), "0");
  }
});

Deno.test("connectPipe() refuses a server of another owner before the first byte, and names the owner and the option", async () => {
  const name = randomName();
  // A process without privileges can only name itself or its groups as the owner on Windows.
  const [sddl, owner] = isWine()
    ? ["O:SYD:P(A;;GA;;;WD)", "SYSTEM (S-1-5-18)"]
    : ["O:WDD:P(A;;GA;;;WD)", "S-1-1-0"];
  let server: Peer;
  try {
    server = await startCServer(name, { sddl });
  } catch (error) {
    // ERROR_INVALID_OWNER: this process may not name that owner, and nothing can be shown.
    if (!isWine() && String(error).includes("error 1307")) return;
    throw error;
  }
  await using _ = server;
  for (const options of [{}, { server: "sameUser" }] as const) {
    assertEquals(
      await assertRefused(name, server, options),
      `Cannot trust the server of the pipe "${pathOf(name)}": its owner is ${owner}, not this ` +
        'user; pass { server: "anyone" } or { server: { pid } } to trust it',
    );
  }
  await server.send("connect");
  await using _trusted = await connectPipe(name, anyone);
});

Deno.test("connectPipe() refuses a server without an owner, as Wine makes one without a descriptor", async () => {
  const name = randomName();
  await using server = await startCServer(name);
  // Windows makes this user the owner, or Administrators in an elevated process.
  if (!isWine()) return;
  const message = await assertRefused(name, server, {});
  assertMatch(message, /its owner is nobody, not this user; pass \{ server: "anyone" \}/);
});

Deno.test("connectPipe() with a process id trusts only that process, whoever owns the pipe", async () => {
  const name = randomName();
  await using server = await startCServer(name);
  const message = await assertRefused(name, server, { server: { pid: Deno.pid } });
  assertEquals(
    message,
    `Cannot trust the server of the pipe "${pathOf(name)}": it is process ${server.pid}, not ` +
      `process ${Deno.pid}`,
  );
  await server.send("connect");
  await using connection = await connectPipe(name, { ...soon, server: { pid: server.pid } });
  assertEquals(await server.nextLine(), "connected");
  assertEquals(connection.peer.pid, server.pid);
});

testOnWindows(
  "connectPipe() lets the server identify the user by default, and more or less on demand",
  "Wine 10 ignores the client's level, and always grants impersonation",
  async () => {
    const name = randomName();
    await using server = await startCServer(name);
    const self = currentUserSid();
    const cases: [ConnectPipeOptions, answer: string][] = [
      [{}, `1 ${self}`],
      [{ impersonation: "identify" }, `1 ${self}`],
      [{ impersonation: "impersonate" }, `2 ${self}`],
      // ERROR_CANT_OPEN_ANONYMOUS
      [{ impersonation: "anonymous" }, "error 1347"],
    ];
    for (const [options, answer] of cases) {
      await server.send("connect");
      await using connection = await connectPipe(name, { ...anyone, ...options });
      assertEquals(await server.nextLine(), "connected");
      await connection.write(bytesOf("x"));
      assertEquals([options, await server.ask("impersonate")], [options, answer]);
      await server.ask("disconnect");
    }
  },
);

Deno.test("A server in C can find out the user of a client, after the client's first byte", async () => {
  const name = randomName();
  await using server = await startCServer(name);
  await using connection = await connectPipe(name, anyone);
  assertEquals(await server.ask("connect"), "connected");
  assertEquals(await server.ask("client"), `${Deno.pid}`);
  await connection.write(bytesOf("x"));
  assertMatch(await server.ask("impersonate"), new RegExp(`^[12] ${currentUserSid()}$`));
});

Deno.test("connectPipe() with messages throws InvalidData if the server has made a pipe of bytes", async () => {
  const name = randomName();
  const messages = { ...anyone, mode: "messages" } as const;
  const expected = "Cannot read messages from the pipe";
  {
    using _ = listenPipe({ name });
    const error = await assertRejects(
      () => connectPipe(name, messages),
      Deno.errors.InvalidData,
      expected,
    );
    assertMatch(error.message, /use \{ mode: "bytes" \}/);
  }
  await using server = await startCServer(name);
  await server.send("connect");
  await assertRejects(() => connectPipe(name, messages), Deno.errors.InvalidData, expected);
  assertMatch(await server.nextLine(), CAME_AND_WENT);
  // The refused client has left nothing behind.
  assertEquals(await server.ask("read 9"), readAnswer(new Uint8Array(), 109));
});

Deno.test("connectPipe() with bytes reads the messages of a server without their boundaries", async () => {
  const name = randomName();
  await using server = await startCServer(name, { mode: "messages" });
  await using connection = await connectPipe(name, anyone);
  assertEquals(await server.ask("connect"), "connected");
  await server.ask("write 6162");
  await server.ask("write 6364");
  assertEquals(await readText(connection, 3), "abc");
  assertEquals(await readText(connection, 3), "d");
  await connection.write(bytesOf("efg"));
  assertEquals(await server.ask("read 9"), readAnswer(bytesOf("efg")));
});

Deno.test("connectPipe() follows the direction of a server in C", async () => {
  for (const mode of ["bytes", "messages"] as const) {
    const inbound = randomName();
    await using reader = await startCServer(inbound, { mode, direction: "inbound" });
    await using writing = await connectPipe(inbound, { ...anyone, mode });
    assertEquals(await reader.ask("connect"), "connected");
    await writing.write(bytesOf("to the server"));
    assertEquals(await reader.ask("read 99"), readAnswer(bytesOf("to the server")));
    const read = () => writing.read(new Uint8Array(1), soon);
    const error = await assertRejects(read, Deno.errors.NotSupported);
    assertEquals(
      error.message,
      `Cannot read from the pipe "${pathOf(inbound)}" as its client: its direction is "inbound"`,
    );
    const outbound = randomName();
    await using writer = await startCServer(outbound, { mode, direction: "outbound" });
    await using reading = await connectPipe(outbound, { ...anyone, mode });
    assertEquals(await writer.ask("connect"), "connected");
    assertEquals(await writer.ask("write 616263"), "wrote 3 0");
    assertEquals(await readText(reading), "abc");
    for (
      const write of [
        () => reading.write(bytesOf("x")),
        () => reading.closeWrite(),
        () => reading.flushed(),
      ]
    ) {
      await assertRejects(write, Deno.errors.NotSupported, 'its direction is "outbound"');
    }
  }
});

Deno.test("listenPipe() with a direction lets a client in C only write, or only read", async () => {
  for (
    const [direction, opens, refuses] of [["inbound", "w", "r"], ["outbound", "r", "w"]] as const
  ) {
    const name = randomName();
    using listener = listenPipe({ name, direction });
    await using client = await startCClient(name);
    // ERROR_ACCESS_DENIED
    for (const rights of ["rw", refuses]) assertEquals(await client.ask(`open ${rights}`), "5");
    assertEquals(await client.ask(`open ${opens}`), "0");
    await using connection = await listener.accept(soon);
    await using ours = await connectPipe(name, soon);
    await using served = await listener.accept(soon);
    if (direction === "inbound") {
      assertEquals(await client.ask("write 6162"), "wrote 2 0");
      assertEquals(await readText(connection), "ab");
      await ours.write(bytesOf("cd"));
      assertEquals(await readText(served), "cd");
      await assertRejects(() => served.write(bytesOf("x")), Deno.errors.NotSupported);
      await assertRejects(() => ours.read(new Uint8Array(1), soon), Deno.errors.NotSupported);
    } else {
      await connection.write(bytesOf("ab"));
      assertEquals(await client.ask("read 9"), readAnswer(bytesOf("ab")));
      await served.write(bytesOf("cd"));
      assertEquals(await readText(ours), "cd");
      await assertRejects(() => ours.write(bytesOf("x")), Deno.errors.NotSupported);
      await assertRejects(() => served.read(new Uint8Array(1), soon), Deno.errors.NotSupported);
    }
  }
});

Deno.test("A client in C reads a pipe of messages as bytes until it sets its mode", async () => {
  const name = randomName();
  using listener = listenPipe({ name, mode: "messages" });
  await using client = await connectCClient(name);
  await using connection = await listener.accept(soon);
  await connection.write(bytesOf("ab"));
  await connection.write(bytesOf("cd"));
  assertEquals(await client.ask("read 3"), readAnswer(bytesOf("abc")));
  assertEquals(await client.ask("read 3"), readAnswer(bytesOf("d")));
  await expectAnswer(client, "mode messages", "0");
  await connection.write(bytesOf("ab"));
  await connection.write(bytesOf("cd"));
  assertEquals(await client.ask("read 3"), readAnswer(bytesOf("ab")));
  assertEquals(await client.ask("read 3"), readAnswer(bytesOf("cd")));
  // TransactNamedPipe() writes a message and reads the answer.
  await client.send("call 6768");
  assertEquals(await readMessageText(connection), "gh");
  await connection.write(bytesOf("answer"));
  assertEquals(await client.nextLine(), readAnswer(bytesOf("answer")));
});

for (const mode of ["bytes", "messages"] as const) {
  testOnWindows(
    `listenPipe() refuses clients on other machines unless allowRemote is set, with ${mode}`,
    "Wine 10 has no pipes of other machines, also if the other machine is this one",
    async () => {
      for (const allowRemote of [false, true]) {
        const name = randomName();
        using listener = listenPipe({ name, mode, allowRemote });
        // This machine's own server of files makes this a client on another machine.
        const connecting = connectPipe(`\\\\127.0.0.1\\pipe\\${name}`, { ...anyone, mode });
        if (!allowRemote) {
          await assertRejects(() => connecting, Deno.errors.PermissionDenied);
          continue;
        }
        await using client = await connecting;
        await using connection = await listener.accept(soon);
        await client.write(bytesOf("from afar"));
        assertEquals(await readText(connection), "from afar");
      }
    },
  );
}

for (
  const [token, options] of [
    ["low", { security: "everyone" }],
    ["low", { packages: true }],
    ["S-1-15-2-1-2-3-4-5-6-7", { packages: true }],
    ["S-1-15-2-1-2-3-4-5-6-7", { packages: ["S-1-15-2-1-2-3-4-5-6-7"] }],
  ] as const
) {
  testOnWindows(
    `listenPipe(${
      JSON.stringify(options)
    }) lets in a client with the token ${token}, and by default keeps it out`,
    "Wine 10 does not enforce the descriptors of pipes and has no AppContainers",
    async () => {
      const name = randomName();
      await using client = await startCClient(name);
      {
        using _ = listenPipe({ name });
        assertEquals(await client.ask(`as ${token} rw`), "5");
      }
      using listener = listenPipe({ name, ...options });
      assertEquals(await client.ask(`as ${token} rw`), "0");
      await using connection = await listener.accept(soon);
      assertEquals(await client.ask("write 616263"), "wrote 3 0");
      assertEquals(await readText(connection), "abc");
    },
  );
}

testOnWindows(
  "listenPipe() with one package keeps another package out",
  "Wine 10 has no AppContainers",
  async () => {
    const name = randomName();
    using _ = listenPipe({ name, packages: ["S-1-15-2-1-2-3-4-5-6-7"] });
    await using client = await startCClient(name);
    assertEquals(await client.ask("as S-1-15-2-7-6-5-4-3-2-1 rw"), "5");
  },
);
