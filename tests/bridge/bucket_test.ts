// Task: test:bridge

import { type KV, Kvm } from "@nats-io/kv";
import { headers } from "@nats-io/transport-node";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { bridge, type NatsBucket } from "../../src/bridge/mod.ts";
import { LatestValue, RingChannel } from "../../src/channel/mod.ts";
import { bytes, struct } from "../../src/struct/mod.ts";
import { NatsServer } from "../support/nats_server.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { closing, connectTo } from "../support/test_stream.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";
import { TimeoutError } from "../support/wrapped_streams.ts";

const Gauge = struct({ pressure: "f64", count: "u32" });

/** Creates a latest value for the values of a gauge. */
function gauge() {
  return LatestValue.create(randomName(), Gauge);
}

/** Reads the count that a bucket's key holds. */
async function countIn(bucket: KV): Promise<number | undefined> {
  const entry = await bucket.get("gauge");
  return entry === null ? undefined : Gauge.read(entry.value.slice()).count;
}

Deno.test("a latest value travels by a key of a bucket", async (t) => {
  await using server = await NatsServer.start({ jetstream: true });
  const connection = await connectTo(server.address);
  await using _ = closing(connection);
  const nats = { connection, headers };
  const kvm = new Kvm(connection);
  const key = "gauge";

  await t.step(
    "to a latest value at the other end, the one that is there already, too",
    async () => {
      const bucket = await kvm.create(randomName());
      using here = gauge();
      using there = gauge();
      using writer = here.writer();
      using reader = there.reader();
      writer.write({ pressure: 1.5, count: 1 });
      await using running = bridge(nats, [
        { from: here, bucket, key },
        { bucket, key, to: there },
      ]);
      assertEquals(running.stats.map(({ route }) => route), [
        `latest value "${here.name}" => key "gauge"`,
        `key "gauge" => latest value "${there.name}"`,
      ]);
      const changes = reader.changes({ timeout: 10_000, whenWriterGone: "wait" });
      assertEquals((await changes.next()).value, { pressure: 1.5, count: 1 });
      writer.write({ pressure: -2.25, count: 2 });
      assertEquals((await changes.next()).value, { pressure: -2.25, count: 2 });
      await changes.return();
      assertEquals(running.stats.map(({ delivered, bytes }) => [delivered, bytes]), [
        [2, 2 * Gauge.byteLength],
        [2, 2 * Gauge.byteLength],
      ]);
    },
  );

  await t.step("so that only the newest value is put after a slow one", async () => {
    const bucket = await kvm.create(randomName(), { history: 64 });
    using here = gauge();
    using writer = here.writer();
    const gate = Promise.withResolvers<void>();
    const slow: NatsBucket = {
      async put(key, value) {
        await gate.promise;
        return await bucket.put(key, value);
      },
      watch: (options) => bucket.watch(options),
      status: () => bucket.status(),
    };
    await using running = bridge(nats, [{ from: here, bucket: slow, key }]);
    writer.write({ count: 1 });
    await until(() => running.stats[0]!.pending >= 1);
    for (let count = 2; count <= 50; count++) writer.write({ count });
    gate.resolve();
    await until(() => running.stats[0]!.delivered >= 2);
    assertEquals(await countIn(bucket), 50);
    const { delivered, pending } = running.stats[0]!;
    assertEquals([delivered, pending], [2, 0]);
    const counts: number[] = [];
    for await (const { value } of await bucket.history({ key })) {
      counts.push(Gauge.read(value.slice()).count);
      if (counts.length === 2) break;
    }
    assertEquals(counts, [1, 50]);
  });

  await t.step("again, with the newest value, after a put has failed", async () => {
    const bucket = await kvm.create(randomName());
    using here = gauge();
    using writer = here.writer();
    const puts: number[] = [];
    const failing: NatsBucket = {
      put(key, value) {
        puts.push(Gauge.read(value.slice()).count);
        if (puts.length > 3) return bucket.put(key, value);
        writer.write({ count: 100 + puts.length });
        return Promise.reject(new TimeoutError("lost"));
      },
      watch: (options) => bucket.watch(options),
      status: () => bucket.status(),
    };
    await using running = bridge(nats, [{ from: here, bucket: failing, key }]);
    writer.write({ count: 1 });
    await until(() => running.stats[0]!.delivered >= 1);
    assertEquals(puts, [1, 101, 102, 103]);
    assertEquals(await countIn(bucket), 103);
    assertEquals(running.stats[0]!.retries, 3);
  });

  await t.step("also the last one before the bridge is closed", async () => {
    const bucket = await kvm.create(randomName());
    using here = gauge();
    using writer = here.writer();
    const gate = Promise.withResolvers<void>();
    const slow: NatsBucket = {
      async put(key, value) {
        await gate.promise;
        return await bucket.put(key, value);
      },
      watch: (options) => bucket.watch(options),
      status: () => bucket.status(),
    };
    const running = bridge(nats, [{ from: here, bucket: slow, key }]);
    writer.write({ count: 1 });
    await until(() => running.stats[0]!.pending === 1);
    writer.write({ count: 2 });
    const closed = running[Symbol.asyncDispose]();
    gate.resolve();
    await within("the bridge is closed", closed);
    assertEquals(await countIn(bucket), 2);
  });

  await t.step("unless it has another length: that ends the route", async () => {
    const bucket = await kvm.create(randomName());
    using there = gauge();
    using reader = there.reader();
    await using running = bridge(nats, [{ bucket, key, to: there }]);
    const whole = new Uint8Array(Gauge.byteLength);
    Gauge.write(whole, { pressure: 1, count: 7 });
    await bucket.put(key, whole);
    const changes = reader.changes({ timeout: 10_000, whenWriterGone: "wait" });
    assertEquals((await changes.next()).value, { pressure: 1, count: 7 });
    await bucket.delete(key);
    await bucket.put(key, whole.slice(1));
    const failure = await within("it fails", running.closed.then(() => "", (error) => error));
    assertEquals(
      `${failure}`,
      `InvalidData: The bucket's key "gauge" has ${Gauge.byteLength - 1} bytes, but the latest ` +
        `value "${there.name}" takes ${Gauge.byteLength} bytes: all programs that use the key ` +
        "must have the same layout",
    );
    assertEquals(reader.read(), { pressure: 1, count: 7 });
    await changes.return();
  });

  await t.step("and the route ends with an error if the bucket is gone", async () => {
    const bucket = await kvm.create(randomName());
    await bucket.destroy();
    using here = gauge();
    using writer = here.writer();
    writer.write({ count: 1 });
    using there = gauge();
    const expected = (label: string) =>
      `Error: Cannot carry the latest value "${label}" by the bucket's key "gauge": stream not ` +
      "found. Look whether the bucket exists, and whether the client may use it";
    for (
      const [route, { name }] of [
        [{ from: here, bucket, key }, here],
        [{ bucket, key, to: there }, there],
      ] as const
    ) {
      await using running = bridge(nats, [route]);
      const failure = await within("it fails", running.closed.then(() => "", (error) => error));
      assertEquals(`${failure}`, expected(name));
    }
  });

  await t.step("also if the bucket is deleted later, which no change tells", async () => {
    const bucket = await kvm.create(randomName());
    using there = gauge();
    await using running = bridge(nats, [{ bucket, key, to: there }]);
    const whole = new Uint8Array(Gauge.byteLength);
    await bucket.put(key, whole);
    await until(() => running.stats[0]!.delivered === 1);
    await bucket.destroy();
    const failure = await within("it fails", running.closed.then(() => "", (error) => error));
    assertEquals(
      `${failure}`,
      `Error: Cannot carry the latest value "${there.name}" by the bucket's key "gauge": stream ` +
        "not found. Look whether the bucket exists, and whether the client may use it",
    );
  });

  await t.step("of a valid name only, and only if it is a latest value", async () => {
    const bucket = await kvm.create(randomName());
    using here = gauge();
    for (const wrong of ["a.*", "", "a\x1bb", "\ud800"]) {
      assertThrows(
        () => bridge(nats, [{ bucket, key: wrong, to: here }]),
        TypeError,
        "Expected the route's key to have no wildcards and spaces, got " + JSON.stringify(wrong),
      );
    }
    using ring = RingChannel.anonymous();
    assertThrows(
      // @ts-expect-error a ring is not a latest value
      () => bridge(nats, [{ from: ring, bucket, key }]),
      TypeError,
      "Expected the source of a bucket's route to be a LatestValue",
    );
    assertThrows(
      // @ts-expect-error an object without functions is not a bucket
      () => bridge(nats, [{ from: here, bucket: {}, key }]),
      TypeError,
      "Expected the bucket's put to be a function",
    );
  });
});

Deno.test("a latest value is refused if it is longer than the server takes", async () => {
  await using server = await NatsServer.start({ jetstream: true, config: ["max_payload: 20000"] });
  const connection = await connectTo(server.address);
  await using _ = closing(connection);
  const bucket = await new Kvm(connection).create(randomName());
  const layout = (length: number) => struct({ bytes: bytes(length) });
  using fitting = LatestValue.create(randomName(), layout(20_000));
  using tooLong = LatestValue.create(randomName(), layout(20_001));
  assertThrows(
    () => bridge({ connection, headers }, [{ from: tooLong, bucket, key: "gauge" }]),
    RangeError,
    `Cannot bridge the latest value "${tooLong.name}" to the key "gauge": it has 20001 bytes, and ` +
      "the server takes 20000; raise the server's max_payload, or use several latest values",
  );
  await using running = bridge({ connection, headers }, [{ from: fitting, bucket, key: "gauge" }]);
  using writer = fitting.writer();
  const value = new Uint8Array(20_000).map((_, index) => index);
  writer.write({ bytes: value });
  await until(() => running.stats[0]!.delivered === 1);
  const entry = await bucket.get("gauge");
  assertEquals(entry?.value.every((byte, index) => byte === value[index]), true);
  assertEquals(entry?.length, 20_000);
});

Deno.test("a latest value travels again after the server was killed and restarted", async () => {
  await using server = await NatsServer.start({ jetstream: true });
  const connection = await connectTo(server.address);
  await using _ = closing(connection);
  const bucket = await new Kvm(connection).create(randomName());
  using here = gauge();
  using there = gauge();
  using writer = here.writer();
  using reader = there.reader();
  {
    await using running = bridge({ connection, headers }, [
      { from: here, bucket, key: "gauge" },
      { bucket, key: "gauge", to: there },
    ]);
    writer.write({ count: 1 });
    const changes = reader.changes({ ...soon, whenWriterGone: "wait" });
    assertEquals((await changes.next()).value?.count, 1);
    await server.kill();
    writer.write({ count: 2 });
    await server.restart();
    assertEquals((await changes.next()).value?.count, 2);
    await changes.return();
    assert(running.stats.every(({ state }) => state === "running"));
  }
});
