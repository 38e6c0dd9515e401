/**
 * A Worker of this process, and `postMessage()`.
 *
 * @module
 */

import type { WayOfProgram } from "../../link.ts";
import { PortLink } from "./message_port.ts";

/** The far end is a Worker. */
export const worker: WayOfProgram = {
  async open() {
    const far = new Worker(new URL("worker_far.ts", import.meta.url), { type: "module" });
    await new Promise((resolve) => far.onmessage = resolve);
    return new PortLink(far, { close: () => far.terminate() });
  },
};
