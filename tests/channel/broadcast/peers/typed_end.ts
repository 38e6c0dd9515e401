/**
 * Opens an end of a broadcast ring of events: `typed_end.ts ROLE NAME [COUNT]`. NAME can also be
 * `inherited:KEY`.
 *
 * @module
 */

import { BroadcastRing } from "../../../../src/channel/mod.ts";
import { struct } from "../../../../src/struct/mod.ts";
import { soon } from "../../../support/soon.ts";
import { Event, eventOf, numberOf } from "../../ring/typed_layouts.ts";
import { printErrors } from "../../peers/print_errors.ts";

const [role, name = "", count = "0"] = Deno.args;
const total = Number(count);
const key = "inherited:";

if (role === "differs") await openAnother();
else if (role === "cloner") await sendClones();
else await useRing();

async function useRing(): Promise<void> {
  using ring = name.startsWith(key)
    ? BroadcastRing.inherited(name.slice(key.length), { message: Event })
    : await BroadcastRing.waitFor(name, { message: Event, ...soon });
  if (role === "sender") {
    using sender = ring.sender();
    console.log("ready");
    for (let number = 0; total === 0 || number < total; number++) sender.write(eventOf(number));
  } else {
    using receiver = ring.receiver();
    let [received, last] = [0, -1];
    const note = (number: number) => {
      if (number <= last) throw new Error(`${number} after ${last}`);
      received++;
      last = number;
    };
    console.log("ready");
    if (role === "views") {
      while (receiver.waitForMessageSync(soon)) receiver.readViews((view) => note(numberOf(view)));
    } else {
      for await (const event of receiver) note(numberOf(event));
    }
    console.log(`${received} ${receiver.missed} ${last}`);
  }
}

/** Tries to open the ring with other layouts, and prints the errors. */
async function openAnother(): Promise<void> {
  const Other = struct({ number: "u32" });
  console.log("ready");
  await printErrors([
    () => BroadcastRing.open(name),
    () => BroadcastRing.open(name, { message: Other }),
    () => BroadcastRing.waitFor(name, { message: Other, ...soon }),
    () => BroadcastRing.openOrCreate(name, { message: Other }),
  ]);
}

/** Sends values that are cloned, through a ring without a layout. */
async function sendClones(): Promise<void> {
  using ring = await BroadcastRing.waitFor(name, soon);
  using sender = ring.sender();
  console.log("ready");
  for (let number = 0; number < total; number++) {
    sender.sendValue({ number, tags: new Set([number, "a"]) });
  }
}
