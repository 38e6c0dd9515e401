/**
 * An end that keeps a file open in the folder of its pair, and answers with the folder's path.
 * Arguments: `far|near WAY NAME`.
 *
 * @module
 */

const [side] = Deno.args;
const folder = Deno.env.get("WINIPC_COMPARE_FOLDER");
using _file = await Deno.open(`${folder}\\${side}`, { create: true, write: true });
console.log("ready 1");
for await (const _task of Deno.stdin.readable) console.log(JSON.stringify({ folder }));
