/**
 * Starts a child that inherits memory and keeps it open. Prints the child's process id, and waits
 * to be killed.
 *
 * @module
 */

import { SharedMemory } from "../../../src/memory/mod.ts";
import { inheritHandles } from "../../../src/process/mod.ts";

const [className] = Deno.args as [string];
using memory = SharedMemory.anonymous(4096);
using view = memory.map();
view.bytes[0] = 5;
{
  using scope = inheritHandles({ memory });
  const script = new URL("./serve_inherited_memory.ts", import.meta.url).href;
  new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", script, className],
    env: scope.env,
    stdin: "null",
    stdout: "null",
    // Without this option, Deno ends the child with its parent.
    detached: true,
  }).spawn();
}
console.log("ready");
await new Promise(() => setInterval(() => {}, 1000));
