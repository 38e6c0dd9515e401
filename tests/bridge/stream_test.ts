// Task: test:bridge

import { jetstream } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { bridge, type NatsClient } from "../../src/bridge/mod.ts";
import { RingChannel } from "../../src/channel/mod.ts";
import { LossyProxy } from "../support/lossy_proxy.ts";
import { NatsServer } from "../support/nats_server.ts";
import { randomName } from "../support/random_name.ts";
import {
  closing,
  connectTo,
  messageOf,
  numberIn,
  TestStream,
  upTo,
} from "../support/test_stream.ts";
import { until } from "../support/until.ts";
import { within } from "../support/within.ts";
import { TimeoutError, withPublish } from "../support/wrapped_streams.ts";

/** Sends numbers to a new ring, carries them to the stream, and returns the route's counts. */
async function carry(
  stream: TestStream,
  client: NatsClient,
  { count, inFlight }: { count: number; inFlight?: number },
) {
  using ring = RingChannel.create(randomName());
  using sender = ring.sender();
  const delivery = { stream: stream.name, ...(inFlight === undefined ? {} : { inFlight }) };
  await using running = bridge(client, [{ from: ring, subject: stream.subject, delivery }]);
  for (const number of upTo(count)) await sender.send(messageOf(number));
  sender.close();
  await within("the route ends", running.closed);
  return running.stats[0]!;
}

Deno.test("a route to a stream delivers each message once and in order", async (t) => {
  await using server = await NatsServer.start({ jetstream: true });

  await t.step("on an undisturbed stream, for each number in flight", async () => {
    for (const inFlight of [1, 2, 256]) {
      await using stream = await TestStream.create(server.address);
      const { taken, delivered, bytes, pending, duplicates, retries } = await carry(
        stream,
        stream,
        { count: 600, inFlight },
      );
      assertEquals(await stream.numbers(), upTo(600));
      assertEquals([taken, delivered, bytes, pending], [600, 600, 2400, 0]);
      assertEquals([duplicates, retries], [0, 0]);
    }
  });

  await t.step("if acknowledgements are lost", async () => {
    await using stream = await TestStream.create(server.address);
    const client = withPublish(stream, async (publish, count) => {
      const acknowledgement = await publish();
      if (count % 50 === 7) throw new TimeoutError("lost");
      return acknowledgement;
    });
    const { delivered, duplicates, retries } = await carry(stream, client, { count: 300 });
    assertEquals(await stream.numbers(), upTo(300));
    assertEquals(delivered, 300);
    assert(duplicates > 0 && retries > 0, `${duplicates} duplicates, ${retries} retries`);
  });

  await t.step("if messages are lost before they reach the stream", async () => {
    await using stream = await TestStream.create(server.address);
    const client = withPublish(stream, (publish, count) => {
      return count % 50 === 7 ? Promise.reject(new TimeoutError("lost")) : publish();
    });
    const { retries } = await carry(stream, client, { count: 300 });
    assertEquals(await stream.numbers(), upTo(300));
    assert(retries > 0);
  });

  await t.step("if the network loses what the server sends, and then the connection", async () => {
    await using proxy = new LossyProxy(server.address);
    await using stream = await TestStream.create(server.address);
    const connection = await connectTo(proxy.address);
    await using _ = closing(connection);
    let published = 0;
    const lossy = { connection, headers, jetstream: jetstream(connection) };
    const client = withPublish(lossy, (publish, count) => {
      published = count;
      return publish();
    });
    using ring = RingChannel.create(randomName());
    using sender = ring.sender();
    {
      const delivery = { stream: stream.name, inFlight: 64 };
      await using running = bridge(client, [{ from: ring, subject: stream.subject, delivery }]);
      for (const number of upTo(100)) await sender.send(messageOf(number));
      await until(() => running.stats[0]!.delivered >= 100);
      proxy.isDropping = true;
      for (let number = 100; number < 200; number++) await sender.send(messageOf(number));
      // The server has these messages, or gets them: it is only not heard.
      await until(() => published >= 163);
      assertEquals(running.stats[0]!.delivered, 100);
      await stream.untilStored(164);
      proxy.cut();
      proxy.isDropping = false;
      sender.close();
      await within("the route ends", running.closed);
      assertEquals(running.stats.map(({ duplicates, delivered }) => [duplicates, delivered]), [
        [64, 200],
      ]);
    }
    assertEquals(await stream.numbers(), upTo(200));
  });

  await t.step("from an iterable, whose messages on their way are in memory", async () => {
    await using stream = await TestStream.create(server.address);
    const client = withPublish(stream, (publish, count) => {
      return count % 10 === 7 ? Promise.reject(new TimeoutError("lost")) : publish();
    });
    let most = 0;
    const { subject, name } = stream;
    const numbers = async function* () {
      for (const number of upTo(100)) {
        most = Math.max(most, number - running.stats[0]!.delivered);
        yield messageOf(number);
      }
    };
    const delivery = { stream: name, inFlight: 8 };
    await using running = bridge(client, [{ from: numbers(), subject, delivery }]);
    await within("the route ends", running.closed);
    assertEquals(await stream.numbers(), upTo(100));
    assert(most <= 8, `${most} messages are on their way`);
  });

  await t.step("if others publish to the stream", async () => {
    await using stream = await TestStream.create(server.address);
    let isOver = false;
    const other = (async () => {
      while (!isOver) await stream.jetstream.publish(stream.subject, messageOf(1_000_000));
    })();
    const { retries } = await carry(stream, stream, { count: 300, inFlight: 16 });
    isOver = true;
    await other;
    const numbers = await stream.numbers();
    assertEquals(numbers.filter((number) => number < 1_000_000), upTo(300));
    assert(retries > 0 && numbers.length > 300);
  });
});

Deno.test("a route to a stream takes at most `inFlight` messages from the ring", async (t) => {
  await using server = await NatsServer.start({ jetstream: true });

  await t.step("and leaves those in it that are not acknowledged", async () => {
    await using stream = await TestStream.create(server.address);
    const { subject, name } = stream;
    const never = withPublish(stream, async (publish) => {
      await publish();
      return await new Promise<never>(() => {});
    });
    using ring = RingChannel.create(randomName());
    using sender = ring.sender();
    for (const number of upTo(20)) await sender.send(messageOf(number));
    {
      const route = { from: ring, subject, delivery: { stream: name, inFlight: 5 } };
      const closing = new AbortController();
      const running = bridge(never, [route], { signal: closing.signal });
      await stream.untilStored(1);
      await pause();
      assertEquals(running.stats.map(({ taken, pending }) => [taken, pending]), [[5, 5]]);
      // The bridge gives up at once, because its connection is closed.
      await stream.connection.close();
      await assertRejects(() => running.closed, Deno.errors.BadResource);
    }
    using receiver = ring.receiver();
    for (const number of upTo(20)) assertEquals(numberIn((await receiver.receive())!), number);
  });

  await t.step("so that a slow server fills the ring, and all arrives later", async () => {
    await using stream = await TestStream.create(server.address);
    const { subject, name } = stream;
    const gate = Promise.withResolvers<void>();
    const slow = withPublish(stream, async (publish) => {
      await gate.promise;
      return await publish();
    });
    using ring = RingChannel.create(randomName(), { capacity: 4096 });
    using sender = ring.sender();
    await using running = bridge(slow, [{ from: ring, subject, delivery: { stream: name } }]);
    const message = new Uint8Array(500);
    let sent = 0;
    for (; sender.trySend(message); sent++) await pause();
    assert(sent < 10, `${sent} messages of 500 bytes are in 4096 bytes`);
    // The sender waits for room, and all messages are taken: both ends wait, for the server.
    const last = sender.send(message);
    await until(() => running.stats[0]!.taken >= sent);
    await pause();
    gate.resolve();
    await within("the last message has room", last);
    sender.close();
    await within("the route ends", running.closed);
    assertEquals(running.stats[0]!.delivered, sent + 1);
    assertEquals((await stream.manager.streams.info(name)).state.messages, sent + 1);
  });
});

Deno.test("a closed bridge delivers what it has taken, and takes nothing more", async () => {
  await using server = await NatsServer.start({ jetstream: true });
  await using stream = await TestStream.create(server.address);
  const { subject, name } = stream;
  const gate = Promise.withResolvers<void>();
  const slow = withPublish(stream, async (publish) => {
    await gate.promise;
    return await publish();
  });
  using ring = RingChannel.create(randomName());
  using sender = ring.sender();
  for (const number of upTo(20)) await sender.send(messageOf(number));
  const route = { from: ring, subject, delivery: { stream: name, inFlight: 8 } };
  const running = bridge(slow, [route]);
  await until(() => running.stats[0]!.taken >= 8);
  const closed = running[Symbol.asyncDispose]();
  gate.resolve();
  await within("the bridge is closed", closed);
  assertEquals(running.stats.map(({ state, delivered }) => [state, delivered]), [["ended", 8]]);
  assertEquals(await stream.numbers(), upTo(8));
  using receiver = ring.receiver();
  assertEquals(numberIn((await receiver.receive())!), 8);
});

Deno.test("a route to a stream ends with an error that says what to do", async (t) => {
  await using server = await NatsServer.start({
    jetstream: true,
    config: [
      'accounts: { A: { jetstream: enabled, users: [{ user: "a", password: "a" }, ' +
      '{ user: "b", password: "b", permissions: { publish: { deny: "*.lines" } } }] } }',
      'no_auth_user: "a"',
    ],
  });
  await using stream = await TestStream.create(server.address);
  const { name, subject } = stream;
  const ends = async (route: { subject: string; stream: string }, client: NatsClient = stream) => {
    using ring = RingChannel.create("lines", { maxMessageLength: 200 });
    using sender = ring.sender();
    await sender.send(messageOf(7));
    const { subject, stream: target } = route;
    await using running = bridge(client, [{ from: ring, subject, delivery: { stream: target } }]);
    const failure = await within("it fails", running.closed.then(() => "", (error) => error));
    assertEquals(running.stats[0]!.state, "failed");
    // The message is still there.
    using receiver = ring.receiver();
    assertEquals(numberIn((await receiver.receive())!), 7);
    return `${failure}`;
  };

  await t.step("if the stream does not exist", async () => {
    assertEquals(
      await ends({ subject, stream: "nothing" }),
      'NotFound: The NATS server has no stream "nothing": create it, with the subject of the route',
    );
  });

  await t.step("if the stream does not store the subject", async () => {
    assertEquals(
      await ends({ subject: "elsewhere", stream: name }),
      `NotFound: The stream "${name}" does not store the subject "elsewhere", only "${subject}": ` +
        "add the subject to the stream, or publish on another one",
    );
  });

  await t.step("if the stream takes only shorter messages than the source can have", async () => {
    await using short = await TestStream.create(server.address, { max_msg_size: 400 });
    const text = await ends({ subject: short.subject, stream: short.name });
    const [, headers] = text.match(/of which (\d+) are for headers/)!;
    assert(Number(headers) > 100 && Number(headers) < 400, text);
    assertEquals(
      text,
      `RangeError: Cannot bridge the ring "Local\\lines" to the stream "${short.name}": its ` +
        `messages can have 200 bytes, and the stream takes 400 (max_msg_size), of which ` +
        `${headers} are for headers; lower the source's maximum to ${400 - Number(headers)}, ` +
        "raise the stream's limit, or drop longer messages by " + '{ tooLong: "drop" }',
    );
  });

  await t.step("if the client may not publish", async () => {
    const connection = await connectTo(server.address, { user: "b", pass: "b" });
    await using _ = closing(connection);
    const text = await ends(
      { subject, stream: name },
      { connection, headers, jetstream: jetstream(connection) },
    );
    assertEquals(
      text,
      `Error: Cannot deliver the messages of the ring "Local\\lines" to the stream "${name}" on ` +
        `the subject "${subject}": Permissions Violation for Publish to "${subject}". What is ` +
        "not acknowledged stays in the source; correct the stream or the rights of the client, " +
        "and start the bridge again",
    );
  });

  await t.step("if the stream is deleted later", async () => {
    using ring = RingChannel.anonymous({ maxMessageLength: 200 });
    using sender = ring.sender();
    await using running = bridge(stream, [{ from: ring, subject, delivery: { stream: name } }]);
    await sender.send(messageOf(0));
    await until(() => running.stats[0]!.delivered >= 1);
    await stream.manager.streams.delete(name);
    await sender.send(messageOf(1));
    const failure = await within("the route fails", running.closed.catch((error) => error));
    assertEquals(
      `${failure}`,
      `NotFound: The NATS server has no stream "${name}": create it, with the subject of the route`,
    );
    assertEquals(running.stats[0]!.pending, 1);
  });
});

Deno.test("a route to a stream drops and counts messages that are too long, if it may", async () => {
  await using server = await NatsServer.start({ jetstream: true });
  await using stream = await TestStream.create(server.address, { max_msg_size: 1000 });
  const { subject, name } = stream;
  using ring = RingChannel.create(randomName());
  using sender = ring.sender();
  for (const number of upTo(100)) {
    const message = new Uint8Array(number % 3 === 0 ? 990 : 4);
    message.set(messageOf(number));
    await sender.send(message);
  }
  sender.close();
  const delivery = { stream: name, inFlight: 4 };
  await using running = bridge(stream, [{ from: ring, subject, delivery, tooLong: "drop" }]);
  await within("the route ends", running.closed);
  const { taken, delivered, tooLong, pending, retries } = running.stats[0]!;
  assertEquals([taken, delivered, tooLong, pending, retries], [100, 66, 34, 0, 0]);
  assertEquals(await stream.numbers(), upTo(100).filter((number) => number % 3 !== 0));
});

Deno.test("bridge() refuses invalid settings of a delivery", async () => {
  await using server = await NatsServer.start({ jetstream: true });
  await using stream = await TestStream.create(server.address);
  const { subject, name, connection } = stream;
  using ring = RingChannel.create(randomName());
  const route = { from: ring, subject };
  assertThrows(
    () => bridge(stream, [{ ...route, delivery: { stream: name, inFlight: 0 } }]),
    RangeError,
    "Expected inFlight to be an integer from 1 to 65536, got 0",
  );
  assertThrows(
    () => bridge({ connection, headers }, [{ ...route, delivery: { stream: name } }]),
    TypeError,
    "Expected the client's jetstream, because a route uses a stream: pass jetstream(connection) " +
      "of @nats-io/jetstream",
  );
  using sender = ring.sender();
  sender.sendSync(messageOf(0));
  await using running = bridge(stream, [{ ...route, delivery: { stream: name, id: () => "" } }]);
  await assertRejects(
    () => running.closed,
    TypeError,
    "Expected the id of the message 0 to have 1 to 128 characters of ASCII without spaces, got",
  );
});

Deno.test("the ids of messages are the script's, if it names them", async () => {
  await using server = await NatsServer.start({ jetstream: true });
  await using stream = await TestStream.create(server.address);
  const { subject, name } = stream;
  using ring = RingChannel.create(randomName());
  using sender = ring.sender();
  for (const number of upTo(3)) await sender.send(messageOf(number));
  sender.close();
  const delivery = { stream: name, id: (sequence: bigint) => `line-${sequence}` };
  await using running = bridge(stream, [{ from: ring, subject, delivery }]);
  await within("the route ends", running.closed);
  const again = await stream.jetstream.publish(subject, messageOf(2), { msgID: "line-2" });
  assertEquals(again.duplicate, true);
});

Deno.test("a route to a stream goes on after the server was killed and restarted", async () => {
  await using server = await NatsServer.start({ jetstream: true });
  await using stream = await TestStream.create(server.address);
  const { subject, name } = stream;
  using ring = RingChannel.create(randomName(), { capacity: 4096 });
  using sender = ring.sender();
  const delivery = { stream: name, inFlight: 32 };
  await using running = bridge(stream, [{ from: ring, subject, delivery }]);
  const sending = (async () => {
    for (const number of upTo(3000)) await sender.send(messageOf(number));
    sender.close();
  })();
  for (const reached of [500, 1500]) {
    await until(() => running.stats[0]!.delivered >= reached);
    await server.kill();
    await server.restart();
  }
  await within("the route ends", Promise.all([sending, running.closed]));
  assertEquals(running.stats[0]!.delivered, 3000);
  assertEquals(await stream.numbers(), upTo(3000));
});

/** Lets the event loop turn. */
async function pause(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 1));
}
