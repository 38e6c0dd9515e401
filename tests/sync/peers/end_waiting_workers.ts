/**
 * Terminates Workers that wait for events and for children. Then sets the events for two seconds.
 * The children end in that time. At the end it prints "still there".
 *
 * @module
 */

import { SharedEvent } from "../../../src/sync/mod.ts";
import { soon } from "../../support/soon.ts";

const url = new URL("./worker.ts", import.meta.url);
const names = ["begun", "first", "second"].map(() => crypto.randomUUID());
const [begun, first, second] = names.map((name) => SharedEvent.create(name)) as [
  SharedEvent,
  SharedEvent,
  SharedEvent,
];
for (const what of ["wait", "spawn"]) {
  const worker = new Worker(url, { type: "module", name: [what, ...names].join(" ") });
  await begun.wait(soon);
  worker.terminate();
}
// The Workers and the children take a moment to end.
for (let round = 0; round < 100; round++) {
  for (const event of [first, second]) event.set();
  await new Promise((resolve) => setTimeout(resolve, 20));
}
console.log("still there");
