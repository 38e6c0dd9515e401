/**
 * Errors of window procedures. Windows calls a procedure, and no error can pass through Windows, so the
 * error is kept until a call of the script returns that ran the procedure.
 *
 * @module
 */

let failure: { error: unknown } | undefined;

/** Keeps the error of a procedure of this thread, unless an earlier one is still kept. */
export function keepProcedureFailure(error: unknown): void {
  failure ??= { error };
}

/** Throws the error that a procedure of this thread threw, once. */
export function throwProcedureFailure(): void {
  if (failure === undefined) return;
  const { error } = failure;
  failure = undefined;
  throw error;
}

/** Forgets the error of a procedure, because an earlier one is being thrown. */
export function dropProcedureFailure(): void {
  failure = undefined;
}
