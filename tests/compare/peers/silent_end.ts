/**
 * An end that never answers. Arguments: `NAME far|near WAY PAIR`. While it lives, it has the event
 * `NAME-far` or `NAME-near`. Each task sets the event `NAME-asked`.
 *
 * @module
 */

import { SharedEvent } from "../../../mod.ts";

const [name, side] = Deno.args;
using _life = SharedEvent.create(`${name}-${side}`);
using asked = SharedEvent.open(`${name}-asked`);
console.log("ready 1");
for await (const _task of Deno.stdin.readable) asked.set();
