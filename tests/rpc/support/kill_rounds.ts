/**
 * Rounds in which a caller or a service is killed at a random moment.
 *
 * @module
 */

import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { connectName, serveName } from "../../../src/rpc/mod.ts";
import { Peer } from "../../support/peer.ts";
import type { Random } from "../../support/random.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";
import { within } from "../../support/within.ts";
import { busyHandlers, keepBusy, running } from "./busy_handlers.ts";
import { UnhandledRejections } from "./unhandled.ts";

/** Maximum time before a process is killed, in milliseconds. */
const MAX_LIFE = 200;

/** Kills services while a caller has calls and streams under way. */
export async function killServers(rounds: number, random: Random): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    await using _unhandled = new UnhandledRejections();
    const name = randomName();
    await using server = await Peer.start("rpc/peers/busy_server.ts", name);
    await using client = await connectName<typeof busyHandlers>(name, soon);
    const ended = keepBusy(client);
    await sleep(random.below(MAX_LIFE));
    server.kill();
    const errors = await within(`all calls of round ${round} settle`, ended);
    for (const error of errors) assertInstanceOf(error, Deno.errors.ConnectionReset);
    await within(`the client of round ${round} is closed`, client.closed);
  }
}

/** Kills callers that have calls and streams under way at a service in this process. */
export async function killClients(rounds: number, random: Random): Promise<void> {
  await using _unhandled = new UnhandledRejections();
  const name = randomName();
  const errors: unknown[] = [];
  await using _service = serveName(name, busyHandlers, {
    capacity: 4096,
    onError: (error) => errors.push(error),
  });
  await using client = await connectName<typeof busyHandlers>(name, soon);
  for (let round = 0; round < rounds; round++) {
    await using caller = await Peer.start("rpc/peers/busy_client.ts", name);
    await sleep(random.below(MAX_LIFE));
    caller.kill();
    await within(
      `the handlers of round ${round} end`,
      (async () => {
        while (errors.length <= round || running.count > 0) await sleep(5);
      })(),
    );
    assertEquals(await client.call("echo", round, soon), round);
  }
  assert(errors.every((error) => error instanceof Deno.errors.ConnectionReset), String(errors));
}

async function sleep(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}
