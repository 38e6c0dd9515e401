/**
 * Opens an end of a channel of events: `typed_end.ts ROLE NAME [COUNT]`. NAME can also be
 * `inherited:KEY`.
 *
 * @module
 */

import { RingChannel } from "../../../../src/channel/mod.ts";
import { soon } from "../../../support/soon.ts";
import { Event, eventOf, numberOf, Other } from "../typed_layouts.ts";
import { printErrors } from "../../peers/print_errors.ts";

const [role, name = "", count = "0"] = Deno.args;
const total = Number(count);
const key = "inherited:";

if (role === "differs") await openAnother();
else await useChannel();

async function useChannel(): Promise<void> {
  using channel = name.startsWith(key)
    ? RingChannel.inherited(name.slice(key.length), { message: Event })
    : await RingChannel.waitFor(name, { message: Event, ...soon });
  if (role === "sender") {
    using sender = channel.sender();
    console.log("ready");
    for (let number = 0; number < total; number++) {
      if (number % 3 === 0) await sender.write(eventOf(number), soon);
      else if (number % 3 === 1) sender.writeSync(eventOf(number), soon);
      else if (!sender.tryWrite(eventOf(number))) await sender.write(eventOf(number), soon);
    }
  } else {
    using receiver = channel.receiver();
    let received = 0;
    const note = (number: number) => {
      if (number !== received) throw new Error(`${number} in place of ${received}`);
      received++;
    };
    console.log("ready");
    if (role === "views") {
      while (receiver.waitForMessageSync(soon)) receiver.readViews((view) => note(numberOf(view)));
    } else {
      for await (const event of receiver) note(numberOf(event));
    }
    console.log(`${received}`);
  }
}

/** Tries to open the channel with other layouts, and prints the errors. */
async function openAnother(): Promise<void> {
  console.log("ready");
  await printErrors([
    () => RingChannel.open(name),
    () => RingChannel.open(name, { message: Other }),
    () => RingChannel.waitFor(name, { message: Other, ...soon }),
    () => RingChannel.openOrCreate(name, { message: Other }),
  ]);
}
