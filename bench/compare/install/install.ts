/**
 * Options and results of the installers.
 *
 * @module
 */

/** Options of an installer. */
export interface InstallOptions {
  /** Whether to install programs that are not there. Otherwise they are missing. */
  readonly installs: boolean;
  /** Writes a line for people, such as the output of an installer that failed. */
  readonly print: (line: string) => void;
  /** Ends an installer that runs. */
  readonly signal?: AbortSignal;
}

/** Why something is not there, without paths of this machine. */
export interface NotFound {
  readonly missing: string;
}

/** Time limit of an installer, in seconds. */
export const INSTALL_LIMIT = 300;
