/**
 * Sends itself a message, which needs both kinds of threads: for the window and for the sending.
 *
 * @module
 */

import { CopyDataListener, sendCopyData } from "../../../src/messages/mod.ts";

await using listener = await CopyDataListener.open();
const answer = await sendCopyData(listener, "from afar");
console.log(`${answer} ${(await listener.receive())?.text()}`);
