/**
 * The tour: each way of sharing data that winipc has, shown between real processes.
 *
 *     deno task demo
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { broadcastRing } from "./broadcast_ring.ts";
import { Chapter } from "./chapter.ts";
import { copyData } from "./copy_data.ts";
import { handleTransfer } from "./handle_transfer.ts";
import { inheritedMemory } from "./inherited_memory.ts";
import { latestValue } from "./latest_value.ts";
import { mappedFile } from "./mapped_file.ts";
import { mutex } from "./mutex.ts";
import { namedMemory } from "./named_memory.ts";
import { ringChannel } from "./ring_channel.ts";
import { sharedSection } from "./shared_section.ts";

const CHAPTERS: Record<string, (chapter: Chapter) => Promise<void>> = {
  "Memory by name": namedMemory,
  "A mapped file": mappedFile,
  "Messages between windows": copyData,
  "A handle for a running process": handleTransfer,
  "Memory that children inherit": inheritedMemory,
  "Variables in a DLL": sharedSection,
  "Taking turns": mutex,
  "The newest value": latestValue,
  "A channel": ringChannel,
  "One to many": broadcastRing,
};

const { only, help } = parseArgs(Deno.args, { string: ["only"], boolean: ["help"] });
if (help) {
  console.log("Usage: deno task demo [--only WORD]\n\nShows:");
  for (const title of Object.keys(CHAPTERS)) console.log(`  ${title}`);
  Deno.exit();
}

const chosen = Object.entries(CHAPTERS).filter(([title]) =>
  title.toLowerCase().includes((only ?? "").toLowerCase())
);
if (chosen.length === 0) {
  console.error(`No part of the tour is called "${only}"`);
  Deno.exit(2);
}

let failures = 0;
for (const [index, [title, run]] of chosen.entries()) {
  console.log(`\n${index + 1}. ${title}`);
  const chapter = new Chapter();
  try {
    await run(chapter);
  } catch (error) {
    chapter.check(`it ran to its end (${error})`, false);
  }
  failures += chapter.failures;
  console.log(`   took   ${chapter.milliseconds} ms, the start of the other process included`);
}

console.log(
  failures === 0
    ? `\nAll of it came back right: ${chosen.length} ways.`
    : `\n${failures} of the answers were wrong.`,
);
Deno.exit(failures === 0 ? 0 : 1);
