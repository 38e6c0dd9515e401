/**
 * Sends itself a message, by way of both kinds of threads.
 *
 * @module
 */

import { CopyDataListener, sendCopyData } from "../../../mod.ts";

await using listener = await CopyDataListener.open();
const answer = await sendCopyData(listener, "from afar");
console.log(`${answer} ${(await listener.receive())?.text()}`);
