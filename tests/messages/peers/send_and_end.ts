/**
 * Sends to one window and is answered, sends to another that hangs and gives up, and ends.
 *
 * @module
 */

import { sendCopyData } from "../../../src/messages/mod.ts";

const [healthy, hung] = Deno.args.map(BigInt) as [bigint, bigint];
console.log("answered", Number(await sendCopyData(healthy, "")));
const controller = new AbortController();
const send = sendCopyData(hung, "", { timeout: 60_000, signal: controller.signal });
setTimeout(() => controller.abort(), 100);
await send.catch(() => console.log("gave up"));
