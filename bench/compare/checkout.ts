/**
 * Describes the checkout that is measured.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { linuxPath, runOnLinux } from "../../tests/support/run_on_linux.ts";
import { findCommit } from "../commit.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** Lists changed files, except for those of the report. */
const STATUS = ["status", "--porcelain", "--", ":/", ":!/bench/RESULTS.md", ":!/bench/results"];
/** A line of git's list for a changed or a new file. */
const CHANGE = /^[ MTADRCU?]{2} /m;

/** A checkout at one time. */
export interface Checkout {
  readonly commit: string;
  /** Whether files differ from the commit. Without git, this is `false`. */
  readonly isChanged: boolean;
}

/** Reads the commit and the changes of this checkout. */
export async function readCheckout(): Promise<Checkout> {
  return { commit: await findCommit(), isChanged: CHANGE.test(await gitStatus()) };
}

/**
 * Describes the checkout of a comparison: its commit, and whether files were changed at any time.
 *
 * @throws {Error} If the commits before and after the comparison differ.
 */
export function describeCheckout(before: Checkout, after: Checkout): string {
  if (before.commit !== after.commit) {
    throw new Error(
      `The commit was ${before.commit} at first, and ${after.commit} at the end. Compare again, ` +
        "and commit nothing meanwhile",
    );
  }
  return `${before.commit}${before.isChanged || after.isChanged ? " with changes" : ""}`;
}

/** Returns git's list of changed files, or an empty text if there is no git or no repository. */
async function gitStatus(): Promise<string> {
  try {
    if (isWine()) return await runOnLinux(["git", "-C", linuxPath(ROOT), ...STATUS]);
    const { stdout } = await new Deno.Command("git", { args: ["-C", ROOT, ...STATUS] }).output();
    return new TextDecoder().decode(stdout);
  } catch {
    return "";
  }
}
