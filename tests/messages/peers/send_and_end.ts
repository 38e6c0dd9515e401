/**
 * Sends to a window that answers, then to a window that hangs. Aborts the second send, and ends.
 *
 * @module
 */

import { sendCopyData } from "../../../src/messages/mod.ts";
import { SLOWNESS } from "../../support/slowness.ts";

const [healthy, hung] = Deno.args.map(BigInt) as [bigint, bigint];
console.log("answered", Number(await sendCopyData(healthy, "")));
const controller = new AbortController();
const send = sendCopyData(hung, "", { timeout: 60_000 * SLOWNESS, signal: controller.signal });
setTimeout(() => controller.abort(), 100);
await send.catch(() => console.log("gave up"));
