/**
 * Creates the mailslot NAME, and sends each message that arrives to the mailslot TO, until it is
 * killed. Arguments: `NAME TO`.
 *
 * @module
 */

import { Mailslot, openMailslot } from "../../src/pipe/mod.ts";

const [name, to] = Deno.args as [string, string];
using mailslot = Mailslot.create(name);
using back = openMailslot(to);
back.send(new Uint8Array());
for await (const message of mailslot) back.send(message);
