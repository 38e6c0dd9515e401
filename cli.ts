/**
 * The command `winipc`, which shows what processes share on this machine.
 *
 * @example Run the command without installing it
 * ```sh
 * deno run --allow-ffi jsr:@winipc/winipc/cli ls
 * ```
 *
 * @example Install the command
 * ```sh
 * deno install -g --allow-ffi --allow-read --name winipc jsr:@winipc/winipc/cli
 * ```
 *
 * @module
 */

import { main } from "./src/cli/main.ts";

if (import.meta.main) Deno.exit(await main(Deno.args));
