/** Tells why it cannot be the receiver of the channel that it inherited, whose parent is. */

import { RingChannel } from "../../src/channel/mod.ts";

using channel = RingChannel.inherited("numbers");
try {
  channel.receiver();
} catch (error) {
  console.log(String(error));
}
