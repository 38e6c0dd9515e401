/**
 * Starts a program that waits, and prints the child's process id. Then waits until the child ends.
 * With "unref", this process ends before the child.
 *
 * @module
 */

import { SharedMemory } from "../../../src/memory/mod.ts";
import { spawn } from "../../../src/process/mod.ts";

const [path, how] = Deno.args as [string, string];
using told = SharedMemory.anonymous(4096);
const child = spawn(path, {
  args: ["--wait"],
  inherit: { told },
  killWithParent: how === "killWithParent",
});
console.log("ready");
console.log(child.pid);
if (how === "unref") child.unref();
else console.log("ended with", (await child.status).code);
