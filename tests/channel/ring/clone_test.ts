import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { decodeValue, encodeValue } from "../../../src/channel/ring/message.ts";
import { LatestValue, RingChannel } from "../../../src/channel/mod.ts";
import { array, struct } from "../../../src/struct/mod.ts";
import { SharedEvent } from "../../../src/sync/mod.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { Random } from "../../support/random.ts";
import { soon } from "../../support/soon.ts";

const values: unknown[] = [
  undefined,
  null,
  -0,
  NaN,
  2n ** 100n,
  "äöü€𝄞",
  new Date(5),
  /x+/gi,
  [1, , 3],
  new Map<unknown, unknown>([[1, new Set([2n])], [{ a: 1 }, "b"]]),
  { bytes: new Uint8Array([1, 2, 3]), words: new Float64Array([1.5]), buffer: new ArrayBuffer(3) },
];

Deno.test("sendValue() and receiveValue() pass each kind of clonable value to a process and back", async () => {
  const name = randomName();
  using there = RingChannel.create(name);
  using back = RingChannel.create(`${name}b`);
  using sender = there.sender();
  using receiver = back.receiver();
  await using _peer = await Peer.start("channel/ring/peers/end.ts", "values", name);
  for (const value of values) {
    assertEquals(await sender.sendValue(value), true);
    assertEquals(await receiver.receiveValue(soon), { value });
  }
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  await sender.sendValue(cycle);
  const answer = await receiver.receiveValue(soon);
  assert(answer !== undefined);
  const value = answer.value as typeof cycle;
  assertEquals(value.self, value);
  sender.close();
  assertEquals(await receiver.receiveValue(soon), undefined);
});

Deno.test("sendValue() refuses a value that cannot be cloned or is too long", async () => {
  using channel = RingChannel.anonymous({ capacity: 1024, maxMessageLength: 100 });
  using sender = channel.sender();
  using receiver = channel.receiver();
  const refusal = await assertRejects(() => sender.sendValue(() => {}), DOMException);
  assertEquals(refusal.name, "DataCloneError");
  await assertRejects(() => sender.sendValue("x".repeat(100)), RangeError);
  const thrower = {
    get field() {
      throw new SyntaxError("mine");
    },
  };
  await assertRejects(() => sender.sendValue(thrower), SyntaxError, "mine");
  await sender.send(Uint8Array.of(1, 2, 3));
  await assertRejects(() => receiver.receiveValue(soon), Deno.errors.InvalidData);
  await sender.sendValue(1);
  assertEquals(await receiver.receiveValue(soon), { value: 1 });
});

Deno.test("sendValue() refuses a view of a struct at any depth, and its error names Layout.read()", async () => {
  const Car = struct({ lap: "u32", wheels: array("f32", 4) });
  using channel = RingChannel.anonymous();
  using sender = channel.sender();
  using receiver = channel.receiver();
  using writerValue = LatestValue.openOrCreate(randomName(), Car);
  using writer = writerValue.writer();
  writer.write({ lap: 3 });
  const view = Car.view(new ArrayBuffer(Car.byteLength));
  const cycle: { self?: unknown; list: unknown } = { list: [1, [view]] };
  cycle.self = cycle;
  const Odd = struct({ constructor: "u8" });
  const odd = Odd.view(new ArrayBuffer(1));
  const holders = [view, view.wheels, writer.value, [view], new Map([[1, { view }]]), cycle, odd];
  for (const holder of [...holders, new Set([view.wheels])]) {
    const error = await assertRejects(() => sender.sendValue(holder), DOMException);
    assertEquals(error.name, "DataCloneError");
    assertMatch(
      error.message,
      /^#<(Struct|Array)View> could not be cloned: send what Layout\.read|^\[object Object\].*: send what Layout\.read/,
    );
  }
  using event = SharedEvent.anonymous();
  for (
    const holder of [channel, { event }, {
      get first() {
        return 1;
      },
      second: [event],
    }]
  ) {
    const { message } = await assertRejects(() => sender.sendValue(holder), DOMException);
    assertMatch(message, /^#<(RingChannel|SharedEvent)> could not be cloned: .* pass it on by/);
  }
  // The error has no advice for objects of other modules.
  for (
    const uncloneable of [() => {}, [Promise.resolve()], new WeakMap(), { view: new WeakRef({}) }]
  ) {
    const { message } = await assertRejects(() => sender.sendValue(uncloneable), DOMException);
    assertMatch(message, /could not be cloned\.$/);
  }
  const value = Car.read(new ArrayBuffer(Car.byteLength));
  await sender.sendValue({ value, lap: writer.value.lap });
  assertEquals(await receiver.receiveValue(soon), { value: { value, lap: 3 } });
});

Deno.test("decodeValue() returns a value or throws InvalidData for any bytes", () => {
  const random = new Random(3);
  let refused = 0;
  for (let round = 0; round < 30_000; round++) {
    const bytes = encodeValue(values[round % values.length]).slice();
    for (let change = 0; change <= random.below(4); change++) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    try {
      decodeValue(bytes.slice(0, 2 + random.below(bytes.length)));
    } catch (error) {
      if (!(error instanceof Deno.errors.InvalidData)) throw error;
      refused++;
    }
  }
  assert(refused > 10_000 && refused < 30_000, `${refused} were refused`);
});
