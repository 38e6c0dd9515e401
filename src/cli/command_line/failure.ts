/**
 * The exit codes of the command, and the texts of its failures.
 *
 * @module
 */

/** The exit codes. */
export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  timedOut: 124,
  interrupted: 130,
} as const;

/** Thrown for a command line that has a mistake. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The reason of the signal after Ctrl-C. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** The reason of the signal after the reader of the standard output has closed it. */
export class OutputClosed extends Error {
  override readonly name = "OutputClosed";
}

/** Returns the exit code for an error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof OutputClosed) return EXIT.done;
  if (error instanceof Interrupted) return EXIT.interrupted;
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof Deno.errors.NotFound) return EXIT.notFound;
  if (error instanceof Deno.errors.PermissionDenied) return EXIT.denied;
  if (error instanceof Deno.errors.NotCapable) return EXIT.denied;
  if (error instanceof Deno.errors.TimedOut) return EXIT.timedOut;
  if (error instanceof DOMException && error.name === "TimeoutError") return EXIT.timedOut;
  return EXIT.failed;
}

/**
 * Returns the text of a failure, or `undefined` if nothing is to be said.
 *
 * @param command The subcommand, for the advice: `winipc ls`.
 */
export function textOf(error: unknown, command: string): string | undefined {
  if (error instanceof OutputClosed || error instanceof Interrupted) return undefined;
  if (!(error instanceof Error)) return String(error);
  if (error instanceof UsageError) return `${error.message}\nSee ${command} --help`;
  if (error instanceof Deno.errors.NotCapable) return missingPermission(error, command);
  return error.message;
}

/** Deno's text ends with "run again with the --allow-ffi flag". */
/** Returns the text of what was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function missingPermission({ message }: Error, command: string): string {
  const flag = /--allow-[a-z]+/.exec(message)?.[0];
  if (flag === undefined) return message;
  return `${command} needs the permission ${flag}, which Deno did not get: ` +
    `add ${flag} after deno run, or install the command with ${flag}`;
}
