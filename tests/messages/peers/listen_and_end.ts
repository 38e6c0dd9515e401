/**
 * Opens a listener, and ends in the given way.
 *
 * @module
 */

import { CopyDataListener } from "../../../src/messages/mod.ts";

const [how, name] = Deno.args;
const listener = await CopyDataListener.open(name === undefined ? {} : { class: name });
switch (how) {
  case "hold":
    console.log("ready");
    break;
  case "close":
    console.log("open");
    await listener.close();
    console.log("closed");
    break;
  case "unref":
    console.log("open");
    listener.unref();
    console.log("released");
    break;
  case "unref and wait":
    console.log("open");
    listener.unref();
    // Longer than the test waits. The timer must not keep the process alive.
    listener.receive({ timeout: 600_000 }).catch(() => {});
    console.log("released");
    break;
  case "throw":
    console.log("open");
    throw new Error("on purpose");
}
