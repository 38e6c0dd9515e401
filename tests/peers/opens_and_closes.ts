/**
 * A Worker that opens and closes events until it is ended.
 *
 * @module
 */

import { SharedEvent } from "../../mod.ts";

SharedEvent.anonymous().close();
postMessage("ready");
for (;;) {
  const events = Array.from({ length: 20 }, () => SharedEvent.anonymous());
  for (const event of events) event.close();
  await new Promise((resolve) => setTimeout(resolve));
}
