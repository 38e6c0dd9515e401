/**
 * Measures the handover of arguments to the first process of a single instance. Both sides are in
 * this process, so the start of a process is not measured.
 *
 * @module
 */

import { SingleInstance } from "../src/instance/mod.ts";

const name = crypto.randomUUID();
const first = await SingleInstance.acquire(name);
first?.unref();

Deno.bench("a name is acquired by the first, and freed", { group: "single instance" }, async () => {
  await using _first = await SingleInstance.acquire(crypto.randomUUID());
});
Deno.bench("arguments are handed over to the first", { group: "single instance" }, async () => {
  await SingleInstance.acquire(name, { args: ["picture.png"] });
});
