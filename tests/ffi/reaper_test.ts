import { assertEquals, assertGreater } from "@std/assert";
import { peerUrl } from "../support/peer_url.ts";

Deno.test("forgetResource() removes the note of a handle before a Worker closes the handle", async () => {
  const url = peerUrl("ffi/peers/reaper_notes.ts");
  const worker = new Worker(url, { type: "module" });
  const said = Promise.withResolvers<string>();
  worker.onmessage = ({ data }) => said.resolve(data);
  worker.onerror = (event) => {
    event.preventDefault();
    said.reject(event.error ?? new Error(event.message));
  };
  const timer = setTimeout(
    () => said.reject(new Error("The Worker posted nothing within 30 s")),
    30_000,
  );
  try {
    const { open, closed } = JSON.parse(await said.promise);
    // If the handle was closed first, another thread could already have a new handle with its
    // value.
    assertEquals(closed, 0);
    assertGreater(open, 6);
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
});
