/**
 * A Worker that opens and closes events until it is terminated.
 *
 * @module
 */

import { SharedEvent } from "../../../src/sync/mod.ts";
import { postToParent } from "../../support/post_to_parent.ts";

SharedEvent.anonymous().close();
postToParent("ready");
for (;;) {
  const events = Array.from({ length: 20 }, () => SharedEvent.anonymous());
  for (const event of events) event.close();
  await new Promise((resolve) => setTimeout(resolve));
}
