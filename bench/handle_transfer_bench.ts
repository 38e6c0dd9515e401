/**
 * What it costs to pass memory on by a handle.
 *
 * @module
 */

import { CopyDataListener, receiveHandle, sendHandle, SharedMemory } from "../mod.ts";

const memory = SharedMemory.anonymous(65_536);
const listener = await CopyDataListener.open({
  onMessage: (message) => {
    receiveHandle(message).memory.close();
    return 1;
  },
});
globalThis.addEventListener("unload", () => memory.close());
listener.unref();

Deno.bench("SharedMemory.toReadOnly(), closed", () => {
  memory.toReadOnly().close();
});

Deno.bench("SharedMemory.duplicateTo(), revoked", () => {
  memory.duplicateTo(Deno.pid).revoke();
});

for (const form of ["push", "pull"] as const) {
  Deno.bench(`sendHandle() by ${form}, received, closed`, async () => {
    await sendHandle(listener, memory, { form });
  });
}
