// Task: test:peers

/**
 * The habits of other programs, as a program in C imitates them.
 *
 * @see {@link https://learn.microsoft.com/dotnet/api/system.io.pipes.namedpipeserverstream}
 * @see {@link https://github.com/microsoft/go-winio/blob/main/pipe.go}
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { connectPipe, listenPipe } from "../../src/pipe/mod.ts";
import { randomName } from "../support/random_name.ts";
import { peers } from "../support/peers.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { bytesOf, patternOf, readMessageText, readText } from "./bytes.ts";
import { connectCClient, expectAnswer, readAnswer, startCServer } from "./c_peers.ts";
import { openBoth } from "./open_both.ts";

const messages = { mode: "messages" } as const;
const ending = { mode: "messages", emptyMessage: "end" } as const;

for (const mode of ["bytes", "messages"] as const) {
  peers.test(`A server like .NET's uses its instance for client after client, with ${mode}`, async (bits) => {
    const name = randomName();
    await using server = await startCServer(name, { bits, mode, instances: 1 });
    await expectRounds();
    async function expectRounds(): Promise<void> {
      for (let round = 0; round < 20; round++) {
        await server.send("connect");
        const connection = await connectPipe(name, { ...soon, mode, server: "anyone" });
        assertEquals(await server.nextLine(), "connected");
        await connection.write(bytesOf(`question ${round}`));
        assertEquals(await server.ask("read 99"), readAnswer(bytesOf(`question ${round}`)));
        assertEquals(await server.ask("write 616263"), "wrote 3 0");
        assertEquals(await readText(connection), "abc");
        // An unread message of this client must not reach the next one.
        assertEquals(await server.ask("write 646566"), "wrote 3 0");
        if (round % 2 === 0) connection.close();
        assertEquals(await server.ask("disconnect"), "0");
        connection.close();
        await connection.closed;
      }
    }
  });

  peers.test(`A program like .NET's waits by WaitForPipeDrain until this end has read everything, with ${mode}`, async (bits) => {
    for (const ours of ["server", "client"] as const) {
      await using both = await openBoth(ours, { mode, bits });
      const { connection, peer } = both;
      // This end does not read ahead: no read is in flight before the script reads.
      assertEquals(await peer.ask("write 616263"), "wrote 3 0");
      await peer.send("flush");
      assertEquals(await readText(connection), "abc");
      assertEquals(await within("the peer has flushed", peer.nextLine()), "0");
    }
  });
}

peers.test("A client like .NET's reads a long message in parts, each with ERROR_MORE_DATA but the last", async (bits) => {
  await using both = await openBoth("server", { ...messages, bits });
  const { connection, peer } = both;
  const bytes = patternOf(2500);
  await connection.write(bytes);
  await connection.write(bytesOf("next"));
  assertEquals(await peer.ask("read 1024"), readAnswer(bytes.subarray(0, 1024), 234));
  assertEquals(await peer.ask("read 1024"), readAnswer(bytes.subarray(1024, 2048), 234));
  assertEquals(await peer.ask("read 1024"), readAnswer(bytes.subarray(2048)));
  assertEquals(await peer.ask("read 1024"), readAnswer(bytesOf("next")));
});

peers.test("A client like go-winio's half-closes, reads the answer until the half close, and closes", async (bits) => {
  const name = randomName();
  using listener = listenPipe({ name, ...ending });
  await using client = await connectCClient(name, { ...messages, bits });
  await using connection = await listener.accept(soon);
  for (const order of ["write 6f6e65", "write 74776f"]) {
    await expectAnswer(client, order, "wrote 3 0");
  }
  await expectAnswer(client, "empty", "wrote 0 0");
  const question = await new Response(connection.readable).text();
  assertEquals(question, "onetwo");
  await connection.write(bytesOf(`answer to ${question}`));
  await connection.closeWrite();
  connection.close();
  assertEquals(await client.ask("read 99"), readAnswer(bytesOf("answer to onetwo")));
  // The half close, and then the end of the pipe, which go-winio takes for the same.
  assertEquals(await client.ask("read 99"), readAnswer(new Uint8Array()));
  assertEquals(await client.ask("read 99"), readAnswer(new Uint8Array(), 109));
});

peers.test("A server like go-winio's gets the half close, answers, and half-closes", async (bits) => {
  const name = randomName();
  await using server = await startCServer(name, { ...messages, bits });
  await server.send("connect");
  await using connection = await connectPipe(name, { ...soon, ...ending, server: "anyone" });
  assertEquals(await server.nextLine(), "connected");
  const writer = connection.writable.getWriter();
  await writer.write(bytesOf("question"));
  await writer.close();
  assertEquals(await server.ask("read 99"), readAnswer(bytesOf("question")));
  assertEquals(await server.ask("read 99"), readAnswer(new Uint8Array()));
  await expectAnswer(server, "write 616e73776572", "wrote 6 0");
  await expectAnswer(server, "empty", "wrote 0 0");
  assertEquals(await readMessageText(connection), "answer");
  assertEquals(await connection.readMessage(soon), null);
  await assertRejects(() => connection.write(bytesOf("x")), Deno.errors.BrokenPipe);
});

peers.test("A server in C serves several clients of this process at a time, each by an instance", async (bits) => {
  const name = randomName();
  await using server = await startCServer(name, { bits, instances: 4 });
  await using stack = new AsyncDisposableStack();
  const clients = [];
  for (let index = 0; index < 4; index++) {
    if (index > 0) {
      await expectAnswer(server, "instance", "0");
      await expectAnswer(server, `use ${index}`, "0");
    }
    await server.send("connect");
    clients.push(stack.use(await connectPipe(name, { ...soon, server: "anyone" })));
    assertEquals(await server.nextLine(), "connected");
  }
  // ERROR_PIPE_BUSY
  await expectAnswer(server, "instance", "231");
  for (const [index, client] of clients.entries()) {
    await client.write(bytesOf(`client ${index}`));
    await expectAnswer(server, `use ${index}`, "0");
    assertEquals(await server.ask("read 99"), readAnswer(bytesOf(`client ${index}`)));
    await expectAnswer(server, "write 6f6b", "wrote 2 0");
    assertEquals(await readText(client), "ok");
  }
});
