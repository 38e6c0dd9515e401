/**
 * Begins to receive from the mailslot NAME, and prints "ready". With `unref`, and with `unref later`
 * that calls `unref()` during the wait, the process ends by itself. With `ref` it ends when a
 * message has arrived.
 *
 * @module
 */

import { Mailslot } from "../../../src/pipe/mailslot.ts";

const [how, name] = Deno.args as [string, string];
const mailslot = Mailslot.create(name);
if (how === "unref") mailslot.unref();
mailslot.receive().then(({ length }) => console.log(`received ${length}`));
console.log("ready");
if (how === "unref later") setTimeout(() => mailslot.unref(), 20);
