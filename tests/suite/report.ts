import { type Outcome, withoutColours } from "./group.ts";

/** Adds up the results of the groups, and repeats the failures at the end. */
export class Report {
  readonly #begun = performance.now();
  readonly #outcomes: Outcome[] = [];

  /** Adds a group that has ended. */
  add(outcome: Outcome): void {
    this.#outcomes.push(outcome);
  }

  /** The number of failed tests. A group that failed without a failed test counts as 1. */
  get failed(): number {
    return sum(this.#outcomes, ({ failed, success }) => success ? failed : Math.max(failed, 1));
  }

  /** The number of passed tests. */
  get passed(): number {
    return sum(this.#outcomes, ({ passed }) => passed);
  }

  /** Writes the report; its last line is "N passed, N failed". */
  print(): void {
    const seconds = (time: number) => `${(time / 1000).toFixed(0).padStart(4)} s`;
    console.log(`\nTook ${seconds(performance.now() - this.#begun).trim()}:`);
    for (const { files, time, success } of this.#outcomes) {
      console.log(`${seconds(time)}  ${success ? "" : "FAILED  "}${files.join(" ")}`);
    }
    for (const { files, output } of this.#outcomes.filter(({ success }) => !success)) {
      console.log(`\n== FAILED: ${files.join(" ")}\n\n${errorsOf(output)}`);
    }
    console.log(`\nTests: ${this.passed} passed, ${this.failed} failed`);
  }
}

/**
 * Returns the part of the output in which `deno test` lists errors, or all of it without such a
 * part.
 */
function errorsOf(output: string): string {
  const plain = withoutColours(output);
  return plain.match(/^ ERRORS $[^]*?^FAILED \| .*$/m)?.[0] ?? plain;
}

function sum(all: readonly Outcome[], count: (outcome: Outcome) => number): number {
  return all.reduce((total, outcome) => total + count(outcome), 0);
}
