/**
 * A window that answers a WM_COPYDATA with the count of its bytes.
 *
 * @module
 */

import { MessageWindow } from "../../mod.ts";

using window = MessageWindow.open({
  class: Deno.args[0]!,
  procedure: ({ copyData }) => copyData && BigInt(copyData.bytes.length),
});
window.run();
