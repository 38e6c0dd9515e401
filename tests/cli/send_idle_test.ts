// Task: test:command
//
// winipc send while nothing comes from its standard input.

import { assertEquals } from "@std/assert";
import { listenPipe } from "../../src/pipe/mod.ts";
import { RingChannel } from "../../src/channel/mod.ts";
import { randomName } from "../support/random_name.ts";
import { Running } from "./running.ts";

Deno.test("winipc send ends with 1 when the receiver of a ring dies while the input is idle", async () => {
  const name = randomName();
  using _ring = RingChannel.create(name);
  await using receiver = await Running.listen(`ring:${name}`, "--take");
  await using sender = new Running(["send", `ring:${name}`]);
  await sender.write("one\n");
  await receiver.untilOut("one\n");
  receiver.kill();
  assertEquals(await sender.ended(), {
    code: 1,
    out: "",
    err: `The channel "Local\\${name}" has no receiver any more\n`,
  });
});

Deno.test("winipc send ends with 1 when the server of a pipe is gone while the input is idle", async () => {
  const [died, closed] = [randomName(), randomName()];
  await using server = await Running.listen(`pipe:${died}`);
  using listener = listenPipe({ name: closed });
  await using lines = new Running(["send", `pipe:${died}`]);
  await using raw = new Running(["send", `pipe:${closed}`, "--as", "raw"]);
  await lines.write("one\n");
  await server.untilOut("one\n");
  server.kill();
  (await listener.accept()).close();
  const ended = (name: string) => ({
    code: 1,
    out: "",
    err: `The server of the pipe "\\\\.\\pipe\\${name}" has closed it\n`,
  });
  assertEquals(await Promise.all([lines.ended(), raw.ended()]), [ended(died), ended(closed)]);
});

Deno.test("winipc send ends with 0 when the input ends as the receiver leaves", async () => {
  const name = randomName();
  await using server = await Running.listen(`pipe:${name}`, "--count", "1");
  await using sender = new Running(["send", `pipe:${name}`]);
  await sender.write("one\n");
  await server.untilOut("one\n");
  await sender.closeInput();
  assertEquals(await sender.ended(), { code: 0, out: "", err: "" });
});
