/** A Worker whose name is a server of listenRing(). It sends 0 to 99, and posts the sum of the answers. */

import { connectRing } from "../../../../src/channel/mod.ts";
import { postToParent } from "../../../support/post_to_parent.ts";
import { soon } from "../../../support/soon.ts";

// The Worker keeps its connection, so that the test can end both.
const { sender, receiver } = await connectRing(self.name, soon);
let sum = 0;
for (let number = 0; number < 100; number++) {
  await sender.send(Uint8Array.of(number), soon);
  const answer = await receiver.receive(soon);
  sum += answer![0]!;
}
postToParent(`${sum}`);
