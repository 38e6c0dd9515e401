/**
 * Begins to receive from the mailslot NAME, and prints "ready". With `unref` the process ends by
 * itself, with `ref` when a message has arrived.
 *
 * @module
 */

import { Mailslot } from "../../../src/pipe/mailslot.ts";

const [how, name] = Deno.args as [string, string];
const mailslot = Mailslot.create(name);
if (how === "unref") mailslot.unref();
mailslot.receive().then(({ length }) => console.log(`received ${length}`));
console.log("ready");
