// Task: test:command
//
// winipc send pipe:NAME, and winipc listen pipe:NAME.

import { assertEquals, assertMatch } from "@std/assert";
import { connectPipe, listenPipe } from "../../mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { Running } from "./running.ts";
import { winipc } from "./winipc.ts";

const decode = (bytes: Uint8Array | null) => bytes && new TextDecoder().decode(bytes);
const timeless = (text: string) => text.replaceAll(/"time":"[\d-]{10}T[\d:.]{12}Z"/g, '"time":"T"');

Deno.test("winipc listen prints the lines of all clients of a pipe, each with its process", async () => {
  const target = `pipe:${randomName()}`;
  await using listener = await Running.listen(target, "--jsonl", "--count", "4");
  await using first = new Running(["send", target]);
  await using second = new Running(["send", target, "--as", "json"]);
  await first.write("one\n");
  await listener.untilOut("one");
  await second.write('{"two": 2}\n');
  await listener.untilOut("two");
  await first.write("no line break");
  await first.closeInput();
  await listener.untilOut("no line break");
  await second.write("bad json\n");
  assertEquals(await second.ended(), {
    code: 1,
    out: "",
    err: 'Cannot send line 2 of the standard input: Expected JSON, got "bad json": Unexpected ' +
      "token 'b', \"bad json\" is not valid JSON; the lines before were sent\n",
  });
  assertEquals(await first.ended(), { code: 0, out: "", err: "" });
  await using client = await connectPipe(target.slice(5), { server: "anyone" });
  await client.write(new TextEncoder().encode("from a script\r\n"));
  const { code, out, err } = await listener.ended();
  const record = (from: number, data: string) =>
    JSON.stringify({ time: "T", from, length: data.length, as: "text", data });
  assertEquals(timeless(out).split("\n"), [
    record(first.pid, "one"),
    record(second.pid, '{"two": 2}'),
    record(first.pid, "no line break"),
    record(Deno.pid, "from a script"),
    "",
  ]);
  assertEquals([code, err], [0, `Listening on ${target}\n`]);
});

Deno.test("winipc sends lines to a pipe of bytes, and messages to a pipe of messages", async () => {
  const [bytes, messages] = [randomName(), randomName()];
  using byteListener = listenPipe({ name: bytes });
  using messageListener = listenPipe({ name: messages, mode: "messages" });
  const [a, b, c] = await Promise.all([
    winipc(["send", `pipe:${bytes}`], { stdin: "one\ntwo" }),
    winipc(["send", `pipe:${messages}`], { stdin: "one\ntwo" }),
    winipc(["send", `pipe:${messages}`, "--as", "hex", "6162"]),
  ]);
  for (const ended of [a, b, c]) assertEquals(ended, { code: 0, out: "", err: "" });
  const all = await (await byteListener.accept({ timeout: 5000 })).readable;
  assertEquals(await new Response(all).text(), "one\ntwo\n");
  const got: string[] = [];
  for (let client = 0; client < 2; client++) {
    await using connection = await messageListener.accept({ timeout: 5000 });
    for (let text; (text = decode(await connection.readMessage({ timeout: 5000 }))) !== null;) {
      got.push(text);
    }
  }
  assertEquals(got.toSorted(), ["ab", "one", "two"]);
});

Deno.test("winipc listen --messages prints each write of a client as one message", async () => {
  const name = randomName();
  await using listener = await Running.listen(`pipe:${name}`, "--messages", "--count", "2");
  await using client = await connectPipe(name, { mode: "messages", server: "anyone" });
  await client.write(new TextEncoder().encode("two\nlines"));
  await listener.untilOut("two");
  await client.write(Uint8Array.of(0xc3, 0x28));
  assertEquals(await listener.ended(), {
    code: 0,
    out: "two\\nlines\nc328\n",
    err: `Listening on pipe:${name}\n`,
  });
});

Deno.test("winipc refuses a pipe that is missing, taken or busy, and says why", async () => {
  const [missing, taken] = [randomName(), randomName()];
  using listener = listenPipe({ name: taken, backlog: 1, maxConnections: 1 });
  await using _only = await connectPipe(taken, { server: "anyone" });
  await using _accepted = await listener.accept({ timeout: 5000 });
  const ended = await Promise.all([
    winipc(["send", `pipe:${missing}`, "hello"]),
    winipc(["listen", `pipe:${taken}`]),
    winipc(["send", `pipe:${taken}`, "hello", "--timeout", "300"]),
  ]);
  assertEquals(ended, [
    {
      code: 3,
      out: "",
      err: `There is no pipe "${missing}": winipc ls pipe lists the pipes\n`,
    },
    {
      code: 1,
      out: "",
      err: `Cannot listen on the pipe "${taken}": a process listens on it already, or Windows ` +
        "reserves the name\n",
    },
    {
      code: 124,
      out: "",
      err:
        `Waited 300 ms for the pipe "\\\\.\\pipe\\${taken}": its server was busy with other clients\n`,
    },
  ]);
});

Deno.test("winipc send ends with 1 when the pipe's server is killed while winipc waits", async () => {
  const name = randomName();
  await using server = await Peer.start("pipe/peers/end.ts");
  assertEquals(await server.ask(`listen ${name}`), "listening");
  const accepted = server.ask("accept");
  // More than the pipe holds, and the server reads nothing.
  const sending = winipc(["send", `pipe:${name}`, "--as", "raw"], { stdin: "x".repeat(2 ** 20) });
  assertEquals(await accepted, "connected");
  server.kill();
  await server.gone();
  const { code, out, err } = await sending;
  assertEquals([code, out], [1, ""]);
  // Either the write fails first, or the read that waits for the server's end.
  const ends =
    /^(Cannot write to the pipe .*; the peer has closed it or has ended|The server of the pipe .* has closed it)\n$/;
  assertMatch(err, ends);
});
