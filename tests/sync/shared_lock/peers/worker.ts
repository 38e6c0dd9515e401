/**
 * A Worker. Its name is the name of a memory, a command and the name of an event. `hold` takes the
 * lock of the `State`, and `count` adds 1 to the count 20,000 times; then it sets the event.
 *
 * @module
 */

import { SharedMemory } from "../../../../src/memory/mod.ts";
import { SharedEvent } from "../../../../src/sync/mod.ts";
import { SLOWNESS } from "../../../support/slowness.ts";
import { soon } from "../../../support/soon.ts";
import { State } from "./state.ts";

const [name, command, done] = self.name.split(" ") as [string, string, string];
const memory = SharedMemory.open(name, { access: "readwrite" });
const state = State.view(memory.map());
if (command === "hold") state.lock.lockSync(soon);
if (command === "read") state.pair.lockReadSync(soon);
if (command === "count") {
  for (let i = 0; i < 20_000; i++) {
    using _lock = state.lock.lockSync({ timeout: 60_000 * SLOWNESS });
    state.count++;
  }
}
using event = SharedEvent.open(done);
event.set();
