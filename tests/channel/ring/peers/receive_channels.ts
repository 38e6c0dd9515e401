/**
 * Opens a listener with the window class of its argument, and takes two channels. It sends the
 * values of the first channel back through the second one.
 *
 * @module
 */

import { ChannelInbox, type RingChannel } from "../../../../src/channel/mod.ts";
import { CopyDataListener } from "../../../../src/messages/mod.ts";

const [className] = Deno.args as [string];
const channels: RingChannel[] = [];
const both = Promise.withResolvers<void>();
using inbox = new ChannelInbox();
await using _listener = await CopyDataListener.open({
  class: className,
  onMessage: (message) => {
    const channel = inbox.take(message);
    if (channel !== undefined) channels.push(channel);
    if (channels.length === 2) both.resolve();
    return 8n;
  },
});
console.log("ready");
await both.promise;
const [there, back] = channels;
const [receiver, sender] = [there!.receiver(), back!.sender()];
for (;;) {
  const item = await receiver.receiveValue();
  if (item === undefined) break;
  await sender.sendValue(item.value);
}
