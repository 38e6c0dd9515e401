/**
 * Runs `winipc dump NAME --format json` for each name, in one process. After each document, a line
 * has the exit code.
 *
 * @module
 */

import { main } from "../../../../../src/cli/main.ts";

for (const name of Deno.args) console.log(await main(["dump", name, "--format", "json"]));
