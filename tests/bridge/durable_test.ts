// Task: test:bridge

import { jetstream } from "@nats-io/jetstream";
import { headers } from "@nats-io/transport-node";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { bridge, type NatsClient, type NatsJetStream } from "../../src/bridge/mod.ts";
import { RingChannel } from "../../src/channel/mod.ts";
import { LossyProxy } from "../support/lossy_proxy.ts";
import { NatsServer } from "../support/nats_server.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
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

/** Publishes numbers to a stream. */
async function publish(stream: TestStream, numbers: Iterable<number>): Promise<void> {
  for (const number of numbers) {
    await stream.jetstream.publish(stream.subject, messageOf(number));
  }
}

/** Receives a number of messages, and returns the numbers in them. */
async function receive(
  receiver: { receive(options: { timeout: number }): Promise<Uint8Array | undefined> },
  count: number,
): Promise<number[]> {
  const numbers: number[] = [];
  while (numbers.length < count) {
    const message = await receiver.receive(soon);
    if (message === undefined) break;
    numbers.push(numberIn(message));
  }
  return numbers;
}

/** Creates a durable consumer that delivers an unacknowledged message again after a time. */
async function addConsumer(stream: TestStream, durable: string, seconds: number) {
  await stream.manager.consumers.add(stream.name, {
    durable_name: durable,
    filter_subject: stream.subject,
    ack_policy: "explicit",
    ack_wait: seconds * 1e9,
    max_ack_pending: 500,
  });
}

Deno.test("a route from a durable consumer", async (t) => {
  await using server = await NatsServer.start({ jetstream: true });

  await t.step("passes each message on once, in order, also for a later bridge", async () => {
    await using stream = await TestStream.create(server.address);
    const { subject, name } = stream;
    using ring = RingChannel.create(randomName());
    using receiver = ring.receiver();
    for (const [from, to] of [[0, 1500], [1500, 1700]] as const) {
      await publish(stream, upTo(to).slice(from));
      await using running = bridge(stream, [{ subject, durable: "desk", to: ring }]);
      assertEquals(await receive(receiver, to - from), upTo(to).slice(from));
      await until(() => running.stats[0]!.pending <= 0);
      const { taken, delivered, bytes, duplicates, lost } = running.stats[0]!;
      assertEquals([taken, delivered, bytes], [to - from, to - from, (to - from) * 4]);
      assertEquals([duplicates, lost], [0, 0]);
    }
    const { num_ack_pending, num_pending, config } = await stream.manager.consumers.info(
      name,
      "desk",
    );
    assertEquals([num_ack_pending, num_pending], [0, 0]);
    assertEquals([config.ack_policy, config.filter_subject], ["explicit", subject]);
    assertEquals(config.max_ack_pending, 1024);
  });

  await t.step("keeps messages while the sink is full, and drops none", async () => {
    await using stream = await TestStream.create(server.address);
    const { subject } = stream;
    await addConsumer(stream, "desk", 1);
    await publish(stream, upTo(400));
    using ring = RingChannel.create(randomName(), { capacity: 4096 });
    using receiver = ring.receiver();
    await using running = bridge(stream, [{ subject, durable: "desk", to: ring }]);
    await until(() => running.stats[0]!.taken >= 400);
    // Twice the time after which the server delivers messages again that nobody works on.
    await pause(2500);
    const { delivered, duplicates, pending } = running.stats[0]!;
    assert(delivered < 400 && pending === 400 - delivered, `${delivered} are in the ring`);
    assertEquals(duplicates, 0);
    assertEquals(await receive(receiver, 400), upTo(400));
    await until(() => running.stats[0]!.pending <= 0);
    const info = await stream.manager.consumers.info(stream.name, "desk");
    assertEquals([info.num_ack_pending, info.num_redelivered], [0, 0]);
  });

  await t.step("delivers to the next bridge what a failed sink does not have", async () => {
    await using stream = await TestStream.create(server.address);
    const { subject } = stream;
    // Far longer than the test: the first bridge gives its messages back.
    await addConsumer(stream, "desk", 60);
    await publish(stream, upTo(300));
    let delivered: number;
    {
      using ring = RingChannel.create(randomName(), { capacity: 4096 });
      const receiver = ring.receiver();
      await using running = bridge(stream, [{ subject, durable: "desk", to: ring }]);
      assertEquals(await receive(receiver, 10), upTo(10));
      await until(() => running.stats[0]!.taken >= 300);
      receiver.close();
      await assertRejects(() => running.closed, Deno.errors.BrokenPipe);
      delivered = running.stats[0]!.delivered;
      assert(delivered > 10 && delivered < 300, `${delivered} are delivered`);
    }
    using ring = RingChannel.create(randomName());
    using receiver = ring.receiver();
    await using running = bridge(stream, [{ subject, durable: "desk", to: ring }]);
    assertEquals(await receive(receiver, 300 - delivered), upTo(300).slice(delivered));
    assertEquals(running.stats[0]!.state, "running");
  });

  await t.step("keeps the order if a lost connection has lost deliveries", async () => {
    await using proxy = new LossyProxy(server.address);
    await using stream = await TestStream.create(server.address);
    const { subject } = stream;
    await addConsumer(stream, "desk", 1);
    const connection = await connectTo(proxy.address);
    await using _ = closing(connection);
    const client = { connection, headers, jetstream: jetstream(connection) };
    using ring = RingChannel.create(randomName());
    using receiver = ring.receiver();
    {
      await using running = bridge(client, [{ subject, durable: "desk", to: ring }]);
      await publish(stream, upTo(100));
      assertEquals(await receive(receiver, 100), upTo(100));
      proxy.isDropping = true;
      await publish(stream, upTo(200).slice(100));
      const pending = async () =>
        (await stream.manager.consumers.info(stream.name, "desk")).num_ack_pending;
      await until(async () => await pending() === 100);
      proxy.cut();
      proxy.isDropping = false;
      await publish(stream, upTo(300).slice(200));
      assertEquals(await receive(receiver, 200), upTo(300).slice(100));
      assertEquals(running.stats[0]!.duplicates, 0);
    }
  });

  await t.step("waits for a message of a killed client while newer ones arrive", async () => {
    await using stream = await TestStream.create(server.address);
    const { subject, name } = stream;
    await publish(stream, upTo(600));
    // The server counts the messages in flight while it delivers others.
    for (let round = 0; round < 3; round++) {
      const durable = `desk${round}`;
      await addConsumer(stream, durable, 2);
      const killed = await stream.jetstream.consumers.get(name, durable);
      await killed.next();
      using ring = RingChannel.anonymous();
      using receiver = ring.receiver();
      await using _ = bridge(stream, [{ subject, durable, to: ring }]);
      assertEquals(await receive(receiver, 600), upTo(600));
    }
  });

  await t.step("drops and acknowledges a message whose acknowledgement was lost", async () => {
    await using stream = await TestStream.create(server.address);
    const { subject } = stream;
    await addConsumer(stream, "desk", 1);
    await publish(stream, upTo(20));
    using ring = RingChannel.create(randomName());
    using receiver = ring.receiver();
    await using running = bridge(
      loseFirstAcknowledgements(stream),
      [{ subject, durable: "desk", to: ring }],
    );
    assertEquals(await receive(receiver, 20), upTo(20));
    await until(() => running.stats[0]!.duplicates >= 20);
    await publish(stream, [20]);
    assertEquals(await receive(receiver, 1), [20]);
    const isAcknowledged = async () =>
      (await stream.manager.consumers.info(stream.name, "desk")).num_ack_pending === 0;
    await until(isAcknowledged);
  });

  await t.step("drops a message that a bridge has published twice", async () => {
    await using stream = await TestStream.create(server.address);
    const { subject } = stream;
    using ring = RingChannel.create(randomName());
    using receiver = ring.receiver();
    await using running = bridge(stream, [{ subject, durable: "desk", to: ring }]);
    for (const number of [0, 1, 2, 1, 2, 3, 6]) {
      const origin = headers();
      origin.set("Winipc", `ab ${number}`);
      await stream.jetstream.publish(subject, messageOf(number), { headers: origin });
    }
    assertEquals(await receive(receiver, 5), [0, 1, 2, 3, 6]);
    const { duplicates, lost } = running.stats[0]!;
    assertEquals([duplicates, lost], [2, 2]);
  });

  await t.step("ends with an error that says what to do", async () => {
    await using stream = await TestStream.create(server.address);
    const { subject, name } = stream;
    using ring = RingChannel.create(randomName());
    const ends = async (route: { subject: string; durable: string }) => {
      await using running = bridge(stream, [{ ...route, to: ring }]);
      return `${await within("it fails", running.closed.then(() => "", (error) => error))}`;
    };
    assertEquals(
      await ends({ subject: "elsewhere", durable: "desk" }),
      'NotFound: The NATS server has no stream with the subject "elsewhere", or more than one: ' +
        "create a stream with this subject, or name a subject that only one stream stores",
    );
    const { manager } = stream;
    await manager.consumers.add(name, { durable_name: "other", ack_policy: "none" });
    assertEquals(
      await ends({ subject, durable: "other" }),
      `InvalidData: The consumer "other" of the stream "${name}" has the ack policy "none", but a ` +
        'route needs "explicit": name another consumer, which the route then makes',
    );
    await manager.consumers.add(name, { durable_name: "all", ack_policy: "explicit" });
    assertEquals(
      await ends({ subject, durable: "all" }),
      `InvalidData: The consumer "all" of the stream "${name}" filters no subject, but the route ` +
        `is for "${subject}": name another consumer, which the route then makes`,
    );
    for (
      const [durable, settings, fault] of [
        ["few", { max_deliver: 3 }, "has max_deliver 3, after which a message is lost, but a"],
        ["bare", { headers_only: true }, "has headers_only, but a"],
      ] as const
    ) {
      await manager.consumers.add(name, {
        durable_name: durable,
        ack_policy: "explicit",
        filter_subject: subject,
        ...settings,
      });
      assertStringIncludes(
        await ends({ subject, durable }),
        `InvalidData: The consumer "${durable}" of the stream "${name}" ${fault} route needs `,
      );
    }
    {
      await using running = bridge(stream, [{ subject, durable: "desk", to: ring }]);
      using receiver = ring.receiver();
      await publish(stream, [1]);
      await receive(receiver, 1);
      await manager.consumers.delete(name, "desk");
      const failure = await within("it fails", running.closed.catch((error) => error));
      assertEquals(
        `${failure}`,
        `Error: Cannot take the messages of "${subject}" by the consumer "desk": consumer ` +
          "deleted. Correct the stream, the consumer or the rights of the client, and start the " +
          "bridge again",
      );
    }
  });
});

Deno.test("all messages arrive in order if a bridge is killed, and then the server", async () => {
  await using server = await NatsServer.start({ jetstream: true });
  await using stream = await TestStream.create(server.address);
  await addConsumer(stream, "desk", 1);
  using out = RingChannel.create(randomName());
  using back = RingChannel.create(randomName(), {
    producers: "multiple",
    endsWithLastSender: false,
  });
  using sender = out.sender();
  using receiver = back.receiver();
  const start = (mode: string) =>
    Peer.startProgram(
      Deno.execPath(),
      ...["run", "--no-prompt", "--no-check", "--allow-ffi", "--allow-net", "--allow-env"],
      peerUrl("bridge/peers/bridge.ts").href,
      ...[server.address, out.name!, back.name!, stream.subject, stream.name, "desk", "100", mode],
    );

  for (const number of upTo(100)) await sender.send(messageOf(number));
  {
    await using deaf = await start("deaf");
    assertEquals(await deaf.nextLine(), "taken");
  }
  assertEquals(await stream.numbers(), upTo(100));
  await using _ = await start("whole");
  for (const number of upTo(200).slice(100)) await sender.send(messageOf(number));
  assertEquals(await receive(receiver, 200), upTo(200));

  // The acknowledgements that the killed server has not written can be lost, so messages can arrive
  // twice: but each first arrival is in order.
  await server.kill();
  const more = async () => {
    for (const number of upTo(1000).slice(200)) await sender.send(messageOf(number));
  };
  const sending = more();
  await server.restart();
  const seen = new Set(upTo(200));
  while (seen.size < 1000) {
    const [number] = await receive(receiver, 1);
    assert(seen.has(number!) || number === seen.size, `${number} came after ${seen.size - 1}`);
    seen.add(number!);
  }
  await sending;
  assertEquals(await stream.numbers(), upTo(1000));
});

/** Returns a client whose first 20 acknowledgements are lost. */
function loseFirstAcknowledgements(stream: TestStream): NatsClient {
  const real: NatsJetStream = stream.jetstream;
  let lost = 0;
  const lossy: NatsJetStream = {
    publish: (...args) => real.publish(...args),
    jetstreamManager: (checkApi) => real.jetstreamManager(checkApi),
    consumers: {
      async get(name, durable) {
        const consumer = await real.consumers.get(name, durable);
        return {
          info: () => consumer.info(),
          consume: (options) =>
            consumer.consume({
              ...options,
              callback: (message) => {
                const { data, headers, seq, info } = message;
                options.callback({
                  ...{ data, headers, seq, info },
                  ack: () => void (lost++ < 20 || message.ack()),
                  nak: () => message.nak(),
                  working: () => message.working(),
                });
              },
            }),
        };
      },
    },
  };
  return { connection: stream.connection, headers, jetstream: lossy };
}

/** Lets the event loop turn. */
async function pause(milliseconds = 1): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
