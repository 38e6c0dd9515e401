/** Tells for each key why the channel under it cannot be received from: `inherit_channels.ts KEY…`. */

import { RingChannel } from "../../../src/channel/mod.ts";

for (const key of Deno.args) {
  try {
    using channel = RingChannel.inherited(key);
    channel.receiver().close();
    console.log("received from");
  } catch (error) {
    console.log(String(error));
  }
}
