import { assertEquals, assertGreater } from "@std/assert";
import { peerUrl } from "../support/peer_url.ts";

Deno.test("A Worker takes a handle out of its notes before it closes the handle", async () => {
  const url = peerUrl("ffi/peers/reaper_notes.ts");
  const worker = new Worker(url, { type: "module" });
  const said = Promise.withResolvers<string>();
  worker.onmessage = ({ data }) => said.resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    said.reject(event.error ?? new Error(event.message));
  };
  const timer = setTimeout(() => said.reject(new Error("The Worker said nothing")), 30_000);
  try {
    const { open, closed } = JSON.parse(await said.promise);
    // By now Windows may have given the value of a handle that was closed to another thread.
    assertEquals(closed, 0);
    assertGreater(open, 6);
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
});
