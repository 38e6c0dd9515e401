/**
 * Opens a listener and sends without permission to read local files, and prints the errors.
 *
 * @module
 */

import { CopyDataListener, sendCopyData } from "../../../src/messages/mod.ts";

const errors = await Promise.all([
  CopyDataListener.open().catch((error) => error),
  sendCopyData(0x7ffc_fff0n, "").catch((error) => error),
]);
console.log(...errors.map(({ name }) => name), errors[0].message);
