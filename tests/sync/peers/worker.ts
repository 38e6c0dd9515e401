/**
 * A Worker that uses the shared objects FIRST and SECOND in one of five ways. It sets the event
 * BEGUN once it has begun. Its name holds the arguments: `WHAT BEGUN FIRST SECOND`.
 *
 * @module
 */

import { spawn } from "../../../src/process/mod.ts";
import { SharedEvent, SharedMutex } from "../../../src/sync/mod.ts";
import { soon } from "../../support/soon.ts";

const [what, begun, first, second] = globalThis.name.split(" ") as [string, string, string, string];
using ready = SharedEvent.open(begun);
if (what === "hold") {
  // Neither closed nor released: the Worker is terminated while it holds the mutex.
  await SharedMutex.open(first).lock(soon);
  ready.set();
} else if (what === "wait") {
  const { signal } = new AbortController();
  SharedEvent.open(first).wait().catch(() => {});
  SharedEvent.open(second).wait({ signal }).catch(() => {});
  ready.set();
} else if (what === "spawn") {
  spawn("cmd.exe", { args: ["/c", "ping -n 2 127.0.0.1"], stdout: "null" });
  ready.set();
} else if (what === "answer") {
  using from = SharedEvent.open(first);
  using to = SharedEvent.open(second);
  ready.set();
  for (;;) {
    await from.wait();
    to.set();
  }
} else {
  using from = SharedEvent.open(first);
  using to = SharedEvent.open(second);
  ready.set();
  await from.wait(soon);
  to.set();
}
