/**
 * Says which errors come of listening and sending where local files may not be read.
 *
 * @module
 */

import { CopyDataListener, sendCopyData } from "../../../src/messages/mod.ts";

const errors = await Promise.all([
  CopyDataListener.open().catch((error) => error),
  sendCopyData(0x7ffc_fff0n, "").catch((error) => error),
]);
console.log(...errors.map(({ name }) => name), errors[0].message);
