/**
 * Starts the named program with this process's standard output.
 *
 * @module
 */

import { spawn } from "../../../src/process/mod.ts";

await spawn(Deno.args[0]!).status;
