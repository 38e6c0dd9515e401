// Task: test:bridge

import { connect, headers } from "@nats-io/transport-node";
import { assertEquals } from "@std/assert";
import { bridge } from "../../src/bridge/mod.ts";
import { RingChannel } from "../../src/channel/mod.ts";
import { NatsServer } from "../support/nats_server.ts";
import { SLOWNESS } from "../support/slowness.ts";
import { closing } from "../support/test_stream.ts";
import { numbered, numberOf, until } from "./numbered.ts";

const TIME = { timeout: 10_000 * SLOWNESS };
const ROUTES = 64;
const MESSAGES = 100;

Deno.test("64 routes there and 64 back carry their messages apart and in order", async () => {
  await using server = await NatsServer.start();
  const connection = await connect({ servers: server.address });
  await using _ = closing(connection);
  using stack = new DisposableStack();
  const all = Array.from({ length: ROUTES }, (_, index) => {
    const from = stack.use(RingChannel.anonymous({ capacity: 4096 }));
    const to = stack.use(RingChannel.anonymous({ capacity: 4096 }));
    const [sender, receiver] = [stack.use(from.sender()), stack.use(to.receiver())];
    return { subject: `many.${index}`, from, to, sender, receiver, first: index * MESSAGES };
  });
  await using running = bridge({ connection, headers }, [
    ...all.map(({ subject, to }) => ({ subject, to })),
    ...all.map(({ subject, from }) => ({ subject, from })),
  ]);
  await connection.flush();
  const numbers = (first: number) => Array.from({ length: MESSAGES }, (_, index) => first + index);
  const exchanged = all.map(async ({ sender, receiver, first }) => {
    const sending = Promise.all(numbers(first).map((number) => sender.send(numbered(number))));
    const arrived: number[] = [];
    while (arrived.length < MESSAGES) arrived.push(numberOf((await receiver.receive(TIME))!));
    await sending;
    return arrived;
  });
  assertEquals(await Promise.all(exchanged), all.map(({ first }) => numbers(first)));
  await until("all is confirmed", () => running.stats.every(({ pending }) => pending === 0));
  assertEquals(
    running.stats.map(({ delivered, lost, duplicates }) => [delivered, lost, duplicates]),
    Array.from({ length: 2 * ROUTES }, () => [MESSAGES, 0, 0]),
  );
});
