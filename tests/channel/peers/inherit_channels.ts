/**
 * Prints for each key the error of opening a receiver of its channel: `inherit_channels.ts KEY…`.
 */

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
