import { assertEquals, assertGreater } from "@std/assert";
import { LatestFrame } from "../../../src/channel/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { BYTE_LENGTH } from "./marked_frame.ts";

/** Time for which frames are checked, in milliseconds. */
const DURATION = 700;

for (const slots of [2, 4]) {
  Deno.test(`No frame is torn while a process publishes as fast as it can, with ${slots} slots and 2 readers`, async () => {
    const name = randomName();
    using _frames = LatestFrame.create(name, { byteLength: BYTE_LENGTH, slots, maxReaders: 2 });
    await using stack = new AsyncDisposableStack();
    const writer = stack.use(
      await Peer.start("channel/frame/peers/writer.ts", name, `${slots}`, "2"),
    );
    const readers = await Promise.all(
      Array.from({ length: 2 }, () => Peer.start("channel/frame/peers/reader.ts", name)),
    );
    for (const reader of readers) stack.use(reader);
    assertEquals(await writer.ask("spin"), "spinning");
    const found = await Promise.all(readers.map((reader) => reader.ask(`check ${DURATION}`)));
    for (const different of found) assertGreater(Number(different), 20, different);
  });
}
