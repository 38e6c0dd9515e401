import { assertEquals } from "@std/assert";
import { connect, headers } from "@nats-io/transport-node";
import { bridge } from "../../src/bridge/mod.ts";
import { RingChannel } from "../../src/channel/mod.ts";
import { NatsServer } from "../support/nats_server.ts";

Deno.test("bridge() carries the messages of a ring to another ring, and counts them", async () => {
  await using server = await NatsServer.start();
  const connection = await connect({ servers: server.address });
  using out = RingChannel.anonymous();
  using back = RingChannel.anonymous();
  using sender = out.sender();
  using receiver = back.receiver();
  {
    await using running = bridge({ connection, headers }, [
      { subject: "lines", to: back },
      { from: out, subject: "lines" },
    ]);
    await connection.flush();
    for (let i = 0; i < 1000; i++) await sender.send(Uint8Array.of(i & 255, i >> 8));
    for (let i = 0; i < 1000; i++) {
      assertEquals(await receiver.receive({ timeout: 5000 }), Uint8Array.of(i & 255, i >> 8));
    }
    assertEquals(
      running.stats.map(({ taken, delivered, bytes, lost }) => [taken, delivered, bytes, lost]),
      [[1000, 1000, 2000, 0], [1000, 1000, 2000, 0]],
    );
  }
  await connection.close();
});
