// Task: test:command
//
// winipc send event:NAME, and winipc listen event:NAME.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { randomName } from "../support/random_name.ts";
import { Running } from "./running.ts";
import { SharedEvent } from "../../mod.ts";
import { winipc } from "./winipc.ts";

const timeless = (text: string) => text.replaceAll(/[\d-]{10}T[\d:.]{12}Z/g, "T");

Deno.test("winipc send sets an event, and refuses DATA for it", async () => {
  const [name, missing] = [randomName(), randomName()];
  using event = SharedEvent.create(name);
  const [set, data, none] = await Promise.all([
    winipc(["send", `event:${name}`]),
    winipc(["send", `event:${missing}`, "-"]),
    winipc(["send", `event:${missing}`]),
  ]);
  assertEquals([set, data, none], [
    { code: 0, out: "", err: "" },
    {
      code: 2,
      out: "",
      err: "An event has no message: leave DATA out, and winipc sets the event\n" +
        "See winipc send --help\n",
    },
    {
      code: 3,
      out: "",
      err: `There is no event "${missing}": winipc ls event lists the events\n`,
    },
  ]);
  event.waitSync({ timeout: 0 });
});

Deno.test("winipc listen prints each time that a manual-reset event is set, and leaves it set", async () => {
  const name = randomName();
  using event = SharedEvent.create(name, { reset: "manual", signalled: true });
  // As long as it stays set, the event is one signal.
  const once = await winipc(["listen", `event:${name}`, "--timeout", "1000"]);
  assertEquals([once.code, timeless(once.out)], [124, "T set\n"]);
  await using listener = await Running.listen(`event:${name}`, "--count", "2");
  await listener.untilOut(" set\n");
  event.reset();
  let isOver = false;
  const ended = listener.ended().finally(() => isOver = true);
  // winipc looks every 32 ms whether the event was reset. So it is set until winipc has seen that.
  while (!isOver) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    pulse(event);
  }
  const { code, out, err } = await ended;
  assertEquals([code, err], [0, `Listening on event:${name}\n`]);
  assertMatch(out, /^\S+Z set\n\S+Z set\n$/);
  event.set();
  event.waitSync({ timeout: 0 });
});

Deno.test("winipc listen takes the signal of an auto-reset event only with --take", async () => {
  const name = randomName();
  const target = `event:${name}`;
  using event = SharedEvent.create(name, { signalled: true });
  assertEquals(await winipc(["listen", target, "--count", "1"]), {
    code: 2,
    out: "",
    err: `The event "${name}" is reset by each wait, so winipc would take its signal from the ` +
      "process that waits for it: add --take to do so\nSee winipc listen --help\n",
  });
  event.waitSync({ timeout: 0 });
  await using listener = await Running.listen(target, "--take", "--count", "2", "--jsonl");
  event.set();
  await listener.untilOut("\n");
  assertEquals(await winipc(["send", target]), { code: 0, out: "", err: "" });
  const { code, out, err } = await listener.ended();
  assertEquals([code, timeless(out), err], [
    0,
    '{"time":"T"}\n{"time":"T"}\n',
    `Listening on ${target}\n`,
  ]);
  assert(!isSet(event));
});

/** Sets an event if it is not set, or resets it. */
function pulse(event: SharedEvent): void {
  if (isSet(event)) event.reset();
  else event.set();
}

function isSet(event: SharedEvent): boolean {
  try {
    event.waitSync({ timeout: 0 });
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.TimedOut) return false;
    throw error;
  }
}
