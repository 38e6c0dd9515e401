// Shares one object of each kind under a name, until it is ended: share.ts NAME

import { CopyDataListener } from "../../../src/messages/mod.ts";
import { RingChannel } from "../../../src/channel/mod.ts";
import { listenPipe, Mailslot } from "../../../src/pipe/mod.ts";

const [name = ""] = Deno.args;
using _ring = RingChannel.create(name);
using _pipe = listenPipe({ name });
using _mailslot = Mailslot.create(name);
await using listener = await CopyDataListener.open({ class: name, answer: 0 });
console.log("ready");
await listener.finished;
