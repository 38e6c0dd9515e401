/**
 * Measures passing memory to a process by a handle, and starting a child that inherits a handle.
 *
 * @module
 */

import { CopyDataListener, receiveHandle, sendHandle, SharedMemory, spawn } from "../mod.ts";

const memory = SharedMemory.anonymous(65_536);
const listener = await CopyDataListener.open({
  onMessage: (message) => {
    receiveHandle(message).memory.close();
    return 1;
  },
});
globalThis.addEventListener("unload", () => memory.close());
listener.unref();

Deno.bench("SharedMemory.toReadOnly() and close()", () => {
  memory.toReadOnly().close();
});

Deno.bench("SharedMemory.duplicateTo() and revoke()", () => {
  memory.duplicateTo(Deno.pid).revoke();
});

for (const form of ["push", "pull"] as const) {
  Deno.bench(`sendHandle() by ${form}, receiveHandle() and close()`, async () => {
    await sendHandle(listener, memory, { form });
  });
}

const quiet = { stdin: "null", stdout: "null", stderr: "null" } as const;
const shell = { command: "cmd.exe", args: ["/c", "exit"] };

Deno.bench(
  "spawn() of cmd.exe, which inherits shared memory",
  { group: "spawn", baseline: true },
  async () => {
    await spawn(shell.command, { args: shell.args, inherit: { memory }, ...quiet }).status;
  },
);

Deno.bench("Deno.Command of cmd.exe", { group: "spawn" }, async () => {
  await new Deno.Command(shell.command, { args: shell.args, ...quiet }).spawn().status;
});
