import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  array,
  bits,
  bytes,
  RingChannel,
  SharedMemory,
  struct,
  type StructInput,
  union,
  utf16,
} from "../../mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

const Telemetry = struct({
  speed: "u8",
  frame: "u64",
  flag: bits("u32", 1),
  track: utf16(8),
  position: array("f32", 3),
  car: struct({ lap: "u32" }),
  cars: array(struct({ lap: "u32" }), 2),
  either: union({ a: "u32", b: "f32" }),
  data: bytes(4),
});

/** Every possible assignment, including assignments that only scripts without types can make. */
function writes(view: ReturnType<typeof Telemetry.view>): [string, () => unknown][] {
  return [
    ["speed", () => view.speed = 1],
    ["frame", () => view.frame = 1n],
    ["flag", () => view.flag = 1],
    ["track", () => view.track = "Spa"],
    ["position", () => Reflect.set(view, "position", [1, 2, 3])],
    ["position", () => view.position.set(0, 1)],
    ["position", () => view.position.set([1])],
    ["position", () => view.position.set(Float32Array.of(1, 2))],
    ["car", () => view.car = { lap: 1 }],
    ["lap", () => view.car.lap = 1],
    ["cars", () => view.cars.set(0, { lap: 1 })],
    ["lap", () => view.cars.get(1).lap = 1],
    ["either", () => Reflect.set(view, "either", { a: 1 })],
    ["a", () => view.either.a = 1],
    ["data", () => view.data = Uint8Array.of(1)],
  ];
}

for (const how of ["open", "waitFor"] as const) {
  Deno.test(`Writing to a struct in memory from ${how}() throws, and the struct still follows its writer`, async () => {
    const name = randomName();
    await using peer = await Peer.start("support/peers/memory_commands.ts");
    await peer.ask(`create ${name} ${Telemetry.byteLength}`);
    await peer.ask(`map 0 ${Telemetry.byteLength}`);
    using memory = how === "open"
      ? SharedMemory.open(name)
      : await SharedMemory.waitFor(name, soon);
    using view = memory.map();
    assertEquals([memory.access, view.access, view.writable], ["read", "read", false]);
    const { buffer, bytes } = view;
    const targets = [view, bytes, buffer, bytes.subarray(0), new DataView(buffer)] as const;
    for (const target of targets) {
      const telemetry = Telemetry.view(target);
      for (const [field, write] of writes(telemetry)) {
        const message = `Cannot write ${field}: this view of shared memory "${memory.name}"`;
        const error = assertThrows(write, TypeError, message);
        assert(error.message.includes('{ access: "readwrite" }'));
      }
      const values: StructInput<{ speed: "u8" }> = { speed: 1 };
      assertThrows(() => Telemetry.write(target, values), TypeError, "Cannot write the struct");
      const cars = Telemetry.array(target, { count: 1 });
      assertThrows(() => cars.set(0, values), TypeError, "Cannot write array");
      assertThrows(() => cars.set([values]), TypeError, "Cannot write array");
      assertThrows(() => cars.get(0).speed = 1, TypeError, "Cannot write speed");
      const { speed, frame } = Telemetry.counters(target);
      const number = [speed.store, speed.add, speed.sub, speed.and, speed.or, speed.xor];
      for (const step of [...number, speed.exchange]) {
        assertThrows(() => step(1), TypeError, "Cannot write speed");
      }
      assertThrows(() => speed.compareExchange(0, 1), TypeError, "Cannot write speed");
      assertThrows(() => frame.or(1n), TypeError, "Cannot write frame");
      // Nothing was written, so Windows has not copied the page. The view still sees new values.
      await peer.ask("write 0 0");
      assertEquals(telemetry.speed, 0);
      await peer.ask("write 0 77");
      assertEquals([telemetry.speed, Telemetry.read(target).speed], [77, 77]);
      assertEquals([speed.load(), cars.get(0).speed], [77, 77]);
      // A live array of bytes and a copy of numbers follow the writer, too.
      const [data, position] = [Telemetry.offsetOf("data"), Telemetry.offsetOf("position")];
      await peer.ask(`write ${data} 5`);
      await peer.ask(`write ${position} 6`);
      const bits = new Uint8Array(telemetry.position.values().buffer);
      assertEquals([telemetry.data[0], bits[0]], [5, 6]);
      await peer.ask(`write ${data} 0`);
      await peer.ask(`write ${position} 0`);
    }
  });
}

Deno.test("A struct can be written in a readwrite view, and privately in a copy view", async () => {
  const name = randomName();
  using memory = SharedMemory.create(name, Telemetry.byteLength);
  using shared = memory.map();
  assertEquals(shared.writable, true);
  using writer = SharedMemory.open(name, { access: "readwrite" });
  using written = writer.map();
  assertEquals(written.writable, true);
  for (const [, write] of writes(Telemetry.view(written))) write();
  await using peer = await Peer.start("support/peers/memory_commands.ts");
  await peer.ask(`open ${name} read`);
  await peer.ask(`map 0 ${Telemetry.byteLength}`);
  assertEquals(await peer.ask("read 0"), "1");
  assertEquals(Telemetry.read(shared), Telemetry.read(written));

  using copy = memory.map({ access: "copy" });
  assertEquals(copy.writable, true);
  const telemetry = Telemetry.view(copy);
  telemetry.speed = 9;
  assertEquals([telemetry.speed, Telemetry.read(shared).speed], [9, 1]);
});

Deno.test("A struct cannot be written in any memory that is mapped read-only", () => {
  using memory = SharedMemory.anonymous(Telemetry.byteLength);
  using read = memory.map({ access: "read" });
  using sealed = memory.toReadOnly();
  using seen = sealed.map({ offset: 0 });
  const path = Deno.makeTempFileSync();
  try {
    Deno.truncateSync(path, Telemetry.byteLength);
    using file = SharedMemory.fromFile(path);
    using mapped = file.map();
    for (const view of [read, seen, mapped]) {
      assertEquals(view.writable, false);
      for (const [, write] of writes(Telemetry.view(view.bytes))) {
        assertThrows(write, TypeError, "Cannot write");
      }
    }
  } finally {
    Deno.removeSync(path);
  }
  using view = memory.map();
  const telemetry = Telemetry.view(view, 0);
  telemetry.speed = 3;
  assertEquals(Telemetry.view(read).speed, 3);
  assertEquals(Telemetry.view(seen).speed, 3);
});

Deno.test("Layout methods accept a mapped view, a ring claim and an object with bytes", () => {
  using channel = RingChannel.anonymous({ capacity: 1024 });
  using sender = channel.sender();
  using receiver = channel.receiver();
  {
    using claim = sender.claim(Telemetry.byteLength)!;
    Telemetry.write(claim, { speed: 7, track: "Spa" });
    Telemetry.view(claim).car.lap = 3;
    claim.commit();
  }
  const { speed, track, car } = Telemetry.read({ bytes: receiver.receiveSync({ timeout: 0 })! });
  assertEquals([speed, track, car.lap], [7, "Spa", 3]);
  assertThrows(() => Telemetry.view({ bytes: new Uint8Array(3) }), RangeError, "there are 3");
  for (const bytes of [undefined, [1, 2]]) {
    // @ts-expect-error: the bytes have the wrong type
    assertThrows(() => Telemetry.view({ bytes }), TypeError, "Expected the struct's memory");
  }
});

Deno.test("Layout.view() refuses a closed view, and a struct throws after its view is closed", () => {
  using memory = SharedMemory.anonymous(Telemetry.byteLength);
  const view = memory.map();
  const telemetry = Telemetry.view(view);
  view.close();
  assertThrows(() => Telemetry.view(view), Deno.errors.BadResource, "closed");
  assertThrows(() => telemetry.speed, TypeError);
  assertThrows(() => telemetry.speed = 1, TypeError);
  assertThrows(() => JSON.stringify(telemetry), TypeError);
  // console.log() must not throw.
  assertEquals(Deno.inspect({ telemetry }), "{ telemetry: [view of closed memory] }");
});
