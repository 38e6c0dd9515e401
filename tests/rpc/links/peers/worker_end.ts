/**
 * The Worker's end of a link, and orders that end the Worker in another way.
 *
 * @module
 */

import { workerLink } from "../../../../src/rpc/links/worker.ts";
import { echo } from "./end.ts";

declare const self: { onmessage: ((event: MessageEvent) => void) | null; close(): void };

self.onmessage = ({ data }) => {
  if (data === "throw") throw new RangeError("thrown on purpose");
  if (data === "close") self.close();
};
await echo(workerLink());
