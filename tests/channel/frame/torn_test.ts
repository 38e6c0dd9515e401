import { assertEquals, assertGreater } from "@std/assert";
import { LatestFrame } from "../../../src/channel/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { BYTE_LENGTH, checkFrames } from "./marked_frame.ts";

/** Time for which frames are checked, in milliseconds. */
const DURATION = 700;

const startWriter = (name: string, slots: number) =>
  Peer.start("channel/frame/peers/writer.ts", name, `${slots}`, "2");

Deno.test("No frame is torn while a process publishes as fast as it can for readers in two processes", async () => {
  const name = randomName();
  using frames = LatestFrame.create(name, { byteLength: BYTE_LENGTH, maxReaders: 2 });
  await using writer = await startWriter(name, 4);
  await using other = await Peer.start("channel/frame/peers/reader.ts", name);
  using reader = frames.reader();
  assertEquals(await writer.ask("spin"), "spinning");
  await other.send(`check ${DURATION}`);
  const found = [checkFrames(reader, DURATION), await other.nextLine()];
  for (const different of found) assertGreater(Number(different), 20, different);
});

Deno.test("No frame is torn while a writer with too few slots drops frames as fast as it can", async () => {
  const name = randomName();
  using frames = LatestFrame.create(name, { byteLength: BYTE_LENGTH, slots: 2, maxReaders: 2 });
  await using writer = await startWriter(name, 2);
  using reader = frames.reader();
  assertEquals(await writer.ask("spin"), "spinning");
  const different = checkFrames(reader, DURATION);
  assertGreater(Number(different), 20, different);
});
