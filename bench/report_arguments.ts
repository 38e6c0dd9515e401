/**
 * Reads the arguments that the reports have in common, and prints which checkouts a report measures.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import { pathToFileURL } from "node:url";
import { findCommit } from "./commit.ts";

/** The end of a case's name, if another checkout's library is measured. */
export const BESIDE = ", beside";

/** The arguments of a report: `[--beside FOLDER] [NAME...]`. */
export interface ReportArguments<G> {
  /** The checkout whose library is measured, too. */
  readonly beside: URL | undefined;
  /** The groups whose names contain one of the arguments, or all groups. */
  readonly groups: readonly G[];
}

/** Prints the commits of the checkouts, and returns the arguments. */
export async function beginReport<G extends { readonly name: string }>(
  all: readonly G[],
): Promise<ReportArguments<G>> {
  const options = parseArgs(Deno.args, { string: ["beside"] });
  const beside = options.beside === undefined ? undefined : pathToFileURL(`${options.beside}/`);
  console.log(`winipc at ${await findCommit()}, ${Deno.build.arch}, Deno ${Deno.version.deno}`);
  if (beside !== undefined) console.log(`beside ${await findCommit(beside)}`);
  const words = options._.map((word) => `${word}`);
  const isChosen = ({ name }: G) => words.length === 0 || words.some((word) => name.includes(word));
  return { beside, groups: all.filter(isChosen) };
}
