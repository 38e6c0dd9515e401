// Task: test:package
//
// Compares the messages of a single instance in docs/wire_formats.md with those of the library.

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { currentUserSid } from "../../../ffi/security.ts";
import { connectPipe, listenPipe } from "../../../mod.ts";
import { SingleInstance } from "../../../src/instance/mod.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { type Bytes, documentation, SingleInstanceMessage as Message } from "./document.ts";

const FIRST = { magic: 0x4953_4957, version: 1 };

/** Returns the path that the documentation gives to the pipe of a name. */
function pathOf(name: string, session: string | number): string {
  const [, form] = documentation.match(/`(\\\\\.\\pipe\\winipc\\instance\\[\w\\]+)`/)!;
  return form!.replace("USER", currentUserSid()).replace("SESSION", `${session}`)
    .replace("NAME", name);
}

/** Writes a message down by the documented offsets. */
function messageOf(outcome: number, text: string): Bytes {
  const encoded = new TextEncoder().encode(text);
  const bytes = new Uint8Array(12 + encoded.length);
  const data = new DataView(bytes.buffer);
  data.setUint32(Message.offsetOf("magic"), Message.constants.magic!, true);
  data.setUint32(Message.offsetOf("version"), Message.constants.version!, true);
  data.setUint32(Message.offsetOf("outcome"), outcome, true);
  bytes.set(encoded, 12);
  return bytes;
}

function textOf(bytes: Bytes): string {
  return new TextDecoder().decode(bytes.subarray(12));
}

Deno.test("wire_formats.md has the messages of a later process, and the path of the pipe", async () => {
  const name = randomName();
  using listener = listenPipe({ name: pathOf(name, "Global"), mode: "messages" });
  for (const [outcome, text] of [[0, ""], [1, "it failed"], [2, "not read"]] as const) {
    const args = ["a.png", "ü"];
    const acquiring = SingleInstance.acquire(`Global\\${name}`, { args, cwd: "C:\\x", ...soon });
    await using server = await listener.accept(soon);
    const handover = (await server.readMessage(soon))!;
    assertEquals(Message.readAll(handover), { ...FIRST, outcome: 0 });
    assertEquals(JSON.parse(textOf(handover)), { args, cwd: "C:\\x" });
    await server.write(messageOf(outcome, text), soon);
    if (outcome === 0) assertEquals(await acquiring, undefined);
    else assertStringIncludes((await assertRejects(() => acquiring, Error)).message, text);
  }
});

Deno.test("wire_formats.md has the messages of the first process", async () => {
  const name = randomName();
  await using _first = await SingleInstance.acquire(`Global\\${name}`, {
    onSecond: ([arg]) => {
      if (arg === "bad") throw new Error("it failed");
    },
  });
  const cases: [string, number, string][] = [
    ['{"args":["a"],"cwd":"C:\\\\","more":1}', 0, ""],
    ['{"args":["bad"],"cwd":""}', 1, "Error: it failed"],
    ['{"args":["a"]}', 2, "InvalidData"],
  ];
  for (const [text, outcome, error] of cases) {
    await using client = await connectPipe(pathOf(name, "Global"), { mode: "messages", ...soon });
    await client.write(messageOf(0, text), soon);
    const answer = (await client.readMessage(soon))!;
    assertEquals(Message.readAll(answer), { ...FIRST, outcome });
    assertStringIncludes(textOf(answer), error);
    assertEquals(await client.readMessage(soon), null);
  }
});
