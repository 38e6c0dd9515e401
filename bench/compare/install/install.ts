/**
 * Options and results of the installers.
 *
 * @module
 */

/** Options of an installer. */
export interface InstallOptions {
  /** Whether to install missing programs. Otherwise they stay missing. */
  readonly installs: boolean;
  /** Writes a line for people, such as the output of an installer that failed. */
  readonly print: (line: string) => void;
  /** Ends an installer that runs, except that of Boost, which only has a time limit. */
  readonly signal?: AbortSignal;
}

/** A program that is ready to run. `await using` deletes the files that were made for it. */
export interface Program extends AsyncDisposable {
  /** The program and its first arguments. */
  readonly command: readonly string[];
  /** Versions by name, as in {@linkcode Environment.versions}. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Why a program is missing, without paths of this machine. */
export interface NotFound {
  readonly missing: string;
}

/** Time limit of an installer in seconds, for a download over a slow network. */
export const INSTALL_LIMIT = 300;
