// Task: test:compare Its pairs spin on all processors.

import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { serve } from "../../bench/compare/ends/far.ts";
import {
  type Control,
  controlFrame,
  dataFrame,
  fill,
  HEADER_LENGTH,
  isWhole,
  LAST,
  readControl,
  readResult,
  resultFrame,
  sequenceAt,
  setSequence,
  TASK,
} from "../../bench/compare/ends/frames.ts";
import { TimeCounter } from "../../bench/compare/ends/histogram.ts";
import { NEAR_TASKS } from "../../bench/compare/ends/near.ts";
import { PortLink } from "../../bench/compare/ends/ways/message_port.ts";
import { Wire } from "../../bench/compare/ends/wire.ts";
import type { Link, Side } from "../../bench/compare/link.ts";
import { randomName } from "../support/random_name.ts";
import { within } from "../support/within.ts";

const END = new URL("peers/damaged_end.ts", import.meta.url).href;

Deno.test("TimeCounter counts times in buckets of a 32nd of a doubling", () => {
  const counter = new TimeCounter();
  assertEquals(counter.histogram(), []);
  for (const time of [1024, 0.5, 1024, 1034, 1046]) counter.add(time);
  assertEquals(counter.histogram(), [[0, 1], [320, 3], [321, 1]]);
  assertEquals(counter.total, 5);
});

Deno.test("control frames and result frames keep what they say", () => {
  const control = { task: TASK.stream, length: 1_048_576, count: 67_108_864 };
  assertEquals(readControl(controlFrame(control)), control);
  const result = { nanoseconds: 1.5e9, processor: 3e9, frames: 2 ** 40, bad: undefined };
  assertEquals(readResult(resultFrame(result)), result);
  assertEquals(readResult(resultFrame({ ...result, bad: 0 })).bad, 0);
});

Deno.test("a data frame has its sequence number, and bytes that depend on it", () => {
  const frame = dataFrame(16);
  assertEquals([...frame], [0, 0, 0, 0, 28, 35, 42, 49, 56, 63, 70, 77, 84, 91, 98, 105]);
  fill(frame, 258);
  assertEquals([...frame.subarray(0, 6)], [2, 1, 0, 0, 90, 97]);
  setSequence(frame, LAST);
  assertEquals(sequenceAt(frame, 0), LAST);
});

Deno.test("isWhole() sees a change of any byte", () => {
  const bytes = new Uint8Array(24);
  const frame = bytes.subarray(8, 20);
  fill(frame, 7);
  assertEquals(isWhole(bytes, 7, 8, 12), true);
  for (let index = 0; index < frame.length; index++) {
    frame[index]! ^= 0x80;
    assertEquals(isWhole(bytes, 7, 8, 12), false, `byte ${index}`);
    frame[index]! ^= 0x80;
  }
});

Deno.test("the tasks of both ends work together over a link with a window", async () => {
  const { port1, port2 } = new MessageChannel();
  const wire = new Wire(new PortLink(port1));
  const served = serve(new Wire(new PortLink(port2)));
  const amount = { length: 64, milliseconds: 5 };
  assertEquals(await NEAR_TASKS.validate(wire, amount), { frames: 512 });
  const { trips } = await NEAR_TASKS.trips(wire, amount);
  assertEquals(trips.reduce((sum, [, count]) => sum + count, 0) >= 20, true);
  const { frames, nanoseconds } = await NEAR_TASKS.stream(wire, amount);
  assertEquals([frames >= 16, nanoseconds > 0], [true, true]);
  const paced = await NEAR_TASKS.paced(wire, amount);
  assertEquals(paced.nanoseconds >= 5e6, true);
  await wire.sendControl({ task: TASK.end, length: 0, count: 0 });
  await within("the far end has served", served);
  port1.close();
  port2.close();
});

Deno.test("a paced task answers an error if the last frames do not arrive", async () => {
  const { port1, port2 } = new MessageChannel();
  const wire = new Wire(loseFramesFrom(new PortLink(port1), 3));
  const served = serve(new Wire(new PortLink(port2)));
  const lossy = () => NEAR_TASKS.paced(wire, { length: 8, milliseconds: 20 });
  await assertRejects(lossy, Error, "The far end received 3 frames of");
  await wire.sendControl({ task: TASK.end, length: 0, count: 0 });
  await within("the far end has served", served);
  port1.close();
  port2.close();
});

Deno.test("a stream lasts half of the wanted time or more after slow streams", async () => {
  const amount = { length: 8, milliseconds: 10 };
  const { frames, nanoseconds } = await NEAR_TASKS.stream(new Wire(new WarmingLink()), amount);
  assertEquals([nanoseconds >= 5e6, nanoseconds <= 20e6], [true, true]);
  assertEquals(frames, nanoseconds / WarmingLink.WARM);
});

Deno.test("a pair of processes answers tasks, and ends when the input ends", async () => {
  const { answers, nearCode, farCode } = await runPair("none", ["validate 64 0", "trips 64 1"]);
  assertEquals(answers[0], { frames: 512 });
  assertEquals(Object.keys(answers[1]!), ["trips"]);
  assertEquals([answers.length, nearCode, farCode], [2, 0, 0]);
});

for (
  const { way, error } of [
    { way: "near", error: "The far end received frame 300 wrong" },
    { way: "far", error: "The near end received frame 5 wrong" },
  ] as const
) {
  Deno.test(`a byte that the ${way} end damages makes validate answer an error`, async () => {
    const { answers, nearCode } = await runPair(way, ["validate 64 0"]);
    assertEquals(answers, [{ error }]);
    assertEquals(nearCode, 1);
  });
}

/** Returns a link that does not send the data frames from a number to the last. */
function loseFramesFrom(link: Link, number: number): Link {
  return {
    ...link,
    send(frame) {
      const sequence = sequenceAt(frame, 0);
      const isLost = frame.length !== HEADER_LENGTH && sequence >= number && sequence !== LAST;
      if (!isLost) return link.send(frame);
    },
    receive: (length) => link.receive(length),
    close: () => link.close(),
  };
}

/** The near end of a link whose peer takes less time for each frame after some streams. */
class WarmingLink implements Link {
  /** Times of a frame in nanoseconds, and the number of frames from which it is short. */
  static readonly COLD = 10_000;
  static readonly WARM = 100;
  static readonly WARM_FROM = 1000;
  #sent = 0;
  #control: Control | undefined;

  send(frame: Uint8Array): void {
    if (frame.length === HEADER_LENGTH) this.#control = readControl(frame);
    else this.#sent++;
  }

  receive(): Uint8Array {
    const { count: frames } = this.#control!;
    const { COLD, WARM, WARM_FROM } = WarmingLink;
    const nanoseconds = frames * (this.#sent < WARM_FROM ? COLD : WARM);
    return resultFrame({ nanoseconds, processor: 0, frames, bad: undefined });
  }

  close(): void {}
}

/** Runs a pair whose near end gets some lines. */
async function runPair(way: "near" | "far" | "none", lines: readonly string[]) {
  const name = randomName();
  await using far = startEnd("far", way, name);
  const reader = far.stdout.getReader();
  const { value } = await within("the far end is ready", reader.read());
  assertMatch(new TextDecoder().decode(value), /^ready \d+\n$/);
  await using near = startEnd("near", way, name);
  const writer = near.stdin.getWriter();
  await writer.write(new TextEncoder().encode(lines.join("\n")));
  await writer.close();
  const { code, stdout } = await within("the near end ends", near.output());
  const [ready, ...answers] = new TextDecoder().decode(stdout).trimEnd().split("\n");
  assertMatch(ready!, /^ready \d+$/);
  // The far end cannot know that its peer has failed, and waits for it.
  if (code !== 0) far.kill("SIGKILL");
  const farStatus = await within("the far end ends", far.status);
  await reader.cancel();
  await far.stdin.close();
  return {
    answers: answers.map((line): Record<string, unknown> => JSON.parse(line)),
    nearCode: code,
    farCode: farStatus.code,
  };
}

function startEnd(side: Side, way: string, name: string): Deno.ChildProcess {
  const args = ["run", "--no-prompt", "--allow-ffi", END, side, way, name];
  return new Deno.Command(Deno.execPath(), { args, stdin: "piped", stdout: "piped" }).spawn();
}
