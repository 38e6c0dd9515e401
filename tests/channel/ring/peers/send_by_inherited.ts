/** Sends 200 messages of one byte, their number, through the inherited channel. */

import { RingChannel } from "../../../../src/channel/mod.ts";

using channel = RingChannel.inherited("numbers");
using sender = channel.sender();
for (let number = 0; number < 200; number++) await sender.send(Uint8Array.of(number));
