// serveName() and connectName() between processes.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { listenPipe } from "../../src/pipe/mod.ts";
import { connectName, serveName } from "../../src/rpc/mod.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { within } from "../support/within.ts";
import { handlers } from "./links/peers/handlers.ts";

Deno.test("serveName serves several clients, and sees at once that one of them was killed", async () => {
  const name = randomName();
  const gone = Promise.withResolvers<unknown>();
  const began = Promise.withResolvers<number | undefined>();
  const wait = async (_: undefined, { signal, peer }: {
    signal: AbortSignal;
    peer?: { pid?: number | undefined } | undefined;
  }): Promise<void> => {
    began.resolve(peer?.pid);
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    gone.resolve(signal.reason);
  };
  const errors: unknown[] = [];
  const onError = (error: unknown) => errors.push(error);
  await using _service = serveName(name, { ...handlers, wait }, { onError, concurrency: 4 });
  await using peer = await Peer.start("rpc/peers/named_client.ts", name);
  await using client = await connectName<typeof handlers>(name, soon);
  assertEquals(await client.call("add", [1, 2], soon), 3);
  assert((await within("the call begins", began.promise) ?? 0) > 0);
  const killed = performance.now();
  peer.kill();
  assert(await within("the call is aborted", gone.promise) instanceof Deno.errors.ConnectionReset);
  assert(performance.now() - killed < 5000);
  assertEquals(await client.call("add", [2, 2], soon), 4);
  assert(errors.some((error) => error instanceof Deno.errors.ConnectionReset));
});

Deno.test("The end of a service of serveName frees its name and closes its connections", async () => {
  const name = randomName();
  const service = serveName(name, handlers, { capacity: 65_536, backlog: 2 });
  assertThrows(() => serveName(name, handlers), Deno.errors.AlreadyExists);
  const client = await connectName<typeof handlers>(name, soon);
  // A value that does not fit into the ring is refused, and the connection goes on.
  const long = [1, "x".repeat(2 ** 17)] as unknown as [number, number];
  await assertRejects(() => client.call("add", long, soon), RangeError, "131");
  assertEquals(await client.call("add", [1, 2], soon), 3);
  await service.shutdown();
  await within("the service has finished", service.finished);
  await within("the client is closed", client.closed);
  await client[Symbol.asyncDispose]();
  // The name is free.
  const controller = new AbortController();
  const again = serveName(name, handlers, { signal: controller.signal });
  await using second = await connectName<typeof handlers>(name, soon);
  assertEquals(await second.call("add", [1, 2]), 3);
  controller.abort();
  await within("the service has finished", again.finished);
  listenPipe({ name }).close();
});

Deno.test("connectName waits for a service, and refuses names and options that are wrong", async () => {
  const name = randomName();
  await assertRejects(() => connectName(name), Deno.errors.NotFound);
  await assertRejects(
    () => connectName(name, { waitForServer: true, timeout: 50 }),
    Deno.errors.TimedOut,
  );
  const connecting = connectName<typeof handlers>(name, { waitForServer: true, ...soon });
  await using _service = serveName(name, handlers);
  await using client = await connecting;
  assertEquals(await client.call("add", [1, 2], soon), 3);
  // @ts-expect-error -- there is no such option
  await assertRejects(() => connectName(name, { mode: "bytes" }), TypeError, "mode");
  // @ts-expect-error -- there is no such option
  assertThrows(() => serveName(name, handlers, { whenFull: "drop" }), TypeError, "whenFull");
  const aborted = { signal: AbortSignal.abort(new Error("on purpose")) };
  assertThrows(() => serveName(randomName(), handlers, aborted), Error, "on purpose");
});
