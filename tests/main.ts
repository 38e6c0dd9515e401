/**
 * Runs the tests, several groups of files at a time:
 * deno task test [PATH…] [FLAG of deno test…] [--task=NAME] [--every-task]
 *
 * Each group is a process of its own. (deno test --parallel would put all files into one process.
 * Many tests count the threads, handles and waits of their process.) A file with a line
 * "// Alone: REASON" runs while no other file runs. A file with a line "// Task: NAME" runs only with
 * --task=NAME, with --every-task, or by its path. `deno task check` checks the types.
 *
 * @module
 */

import { collectTests } from "./suite/files.ts";
import { runGroup } from "./suite/group.ts";
import { Report } from "./suite/report.ts";

/** More than two processors: tests spend half of their time waiting for processes that start. */
const LANES = 3;

/**
 * The files and folders with the slowest tests. They start first, so that no long group runs alone
 * at the end.
 */
const SLOW = [
  "package/pasted_scripts_test.ts",
  "workers/",
  "channel/",
  "rpc/",
  "instance/",
  "process/",
  "sync/",
  "pipe/",
  "messages/",
  "examples/",
  "package/",
];

/** Flags of deno test whose value may be an argument of its own. */
const FLAGS_WITH_VALUE = ["--filter"];

const paths: string[] = [];
const flags: string[] = [];
let task: string | undefined;
let everyTask = false;
const words = [...Deno.args];
for (let word; (word = words.shift()) !== undefined;) {
  if (word.startsWith("--task=")) task = word.slice("--task=".length);
  else if (word === "--every-task") everyTask = true;
  else if (FLAGS_WITH_VALUE.includes(word)) flags.push(`${word}=${words.shift() ?? ""}`);
  else (word.startsWith("-") ? flags : paths).push(word);
}

const { sideBySide, alone } = await collectTests(paths.length > 0 ? paths : ["tests"], {
  task,
  everyTask,
});
// A group that runs by itself is seen as it goes.
const live = sideBySide.length <= 1;
const report = new Report();

/** Returns the position of a group in the order of start. */
function rankOf(files: readonly string[]): number {
  const rank = SLOW.findIndex((slow) => files.some((file) => file.includes(`/${slow}`)));
  return rank === -1 ? SLOW.length : rank;
}

const waiting = sideBySide.toSorted((a, b) => rankOf(a) - rankOf(b));
await Promise.all(Array.from({ length: LANES }, async () => {
  for (let files; (files = waiting.shift());) report.add(await runGroup(files, flags, { live }));
}));
for (const files of alone) report.add(await runGroup(files, flags, { live }));

report.print();
Deno.exit(report.failed > 0 ? 1 : 0);
