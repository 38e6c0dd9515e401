/**
 * Tests with C programs, once as programs of 64 bits and once as programs of 32 bits.
 *
 * @module
 */

import { isWine } from "../../ffi/win32/ntdll.ts";
import { type Bits, compiler32 } from "./compile_c.ts";

/** Why this machine cannot make or run programs of 32 bits, or undefined if it can. */
const obstacle = await findObstacle();

/** Tests with C programs as the peers. */
export const peers = {
  /**
   * Adds two tests: with C programs of 64 bits, and with C programs of 32 bits. On a machine that
   * cannot make or run programs of 32 bits, the second test is ignored, and its title says why.
   *
   * @param title The title, to which the number of bits is added.
   * @param test Gets the number of bits for `compileC()`.
   */
  test(title: string, test: (bits: Bits, context: Deno.TestContext) => Promise<void>): void {
    Deno.test(`${title} [64-bit C]`, (context) => test(64, context));
    Deno.test({
      name: `${title} [32-bit C${obstacle === undefined ? "" : `: ${obstacle}`}]`,
      ignore: obstacle !== undefined,
      fn: (context) => test(32, context),
    });
  },
};

async function findObstacle(): Promise<string | undefined> {
  if (await compiler32() === undefined) return "no compiler for programs of 32 bits";
  // Wine without a part for such programs makes this folder, and leaves it empty.
  if (isWine() && !await exists("C:\\windows\\syswow64\\ntdll.dll")) {
    return "this Wine runs no programs of 32 bits";
  }
  return undefined;
}

async function exists(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false;
  }
}
