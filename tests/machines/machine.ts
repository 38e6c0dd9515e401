/**
 * Machines that share only the network and files: C: drives of tools/winedeno.
 *
 * @module
 */

import { type StartedProgram, startProgram } from "../support/started_program.ts";

const root = new URL("../../", import.meta.url).pathname;
const home = Deno.env.get("WINEDENO_HOME") ?? `${root}.winedeno`;

/**
 * Variables that winedeno has set for this process. Emptied, because each program sets its own.
 */
const OUTSIDE = { JSR_URL: "", DENO_CERT: "" };

/** A machine for Windows programs. */
export class Machine {
  /** The machine of all other tests. */
  static readonly first = new Machine(`${home}/prefix`);
  /** Another machine. Its first program makes it. */
  static readonly second = new Machine(`${home}/second`);
  readonly #drive: string;

  private constructor(drive: string) {
    this.#drive = drive;
  }

  /** Starts the Windows build of Deno by winedeno, and waits for its first line. */
  start(args: readonly string[], env: Record<string, string> = {}): Promise<StartedProgram> {
    return startProgram(`${root}tools/winedeno`, args, {
      cwd: root,
      env: { ...OUTSIDE, ...env, WINEDENO_PREFIX: this.#drive },
    });
  }
}
