/**
 * The tour: shows each way of winipc to share data, with real processes.
 *
 *     deno task demo
 *
 * One part needs a NATS server at 127.0.0.1:4222, or at the address of `--nats`. Without a server,
 * the tour says so, and goes on.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { broadcastRing } from "./broadcast_ring.ts";
import { Chapter } from "./chapter.ts";
import { command } from "./command.ts";
import { copyData } from "./copy_data.ts";
import { handleTransfer } from "./handle_transfer.ts";
import { inheritedMemory } from "./inherited_memory.ts";
import { latestValue } from "./latest_value.ts";
import { mailslot } from "./mailslot.ts";
import { mappedFile } from "./mapped_file.ts";
import { movingPicture } from "./moving_picture.ts";
import { mutex } from "./mutex.ts";
import { namedMemory } from "./named_memory.ts";
import { namedPipe } from "./named_pipe.ts";
import { natsBridge } from "./nats_bridge.ts";
import { requests } from "./requests.ts";
import { ringChannel } from "./ring_channel.ts";
import { ringServer } from "./ring_server.ts";
import { sharedLock } from "./shared_lock.ts";
import { sharedSection } from "./shared_section.ts";
import { singleInstance } from "./single_instance.ts";
import { tcpSocket } from "./tcp_socket.ts";
import { telemetry } from "./telemetry.ts";

const { only, help, nats } = parseArgs(Deno.args, {
  string: ["only", "nats"],
  boolean: ["help"],
  default: { nats: "127.0.0.1:4222" },
});

const CHAPTERS: Record<string, (chapter: Chapter) => Promise<void>> = {
  "Memory by name": namedMemory,
  "A mapped file": mappedFile,
  "Messages between windows": copyData,
  "A handle for a running process": handleTransfer,
  "Memory that children inherit": inheritedMemory,
  "Variables in a DLL": sharedSection,
  "A struct guarded by a mutex": mutex,
  "Accounts with a lock in memory": sharedLock,
  "The newest value": latestValue,
  "A moving picture": movingPicture,
  "Another program's telemetry": telemetry,
  "A named pipe": namedPipe,
  "A TCP socket": tcpSocket,
  "A mailslot": mailslot,
  "A channel": ringChannel,
  "Channels for each client": ringServer,
  "One sender, many receivers": broadcastRing,
  "A script that runs once": singleInstance,
  "A call to another script": requests,
  "A ring across machines": (chapter) => natsBridge(chapter, nats),
  "The command winipc": command,
};

if (help) {
  console.log("Usage: deno task demo [--only WORD] [--nats ADDRESS]\n\nThe parts of the tour:");
  for (const title of Object.keys(CHAPTERS)) console.log(`  ${title}`);
  Deno.exit();
}

const chosen = Object.entries(CHAPTERS).filter(([title]) =>
  title.toLowerCase().includes((only ?? "").toLowerCase())
);
if (chosen.length === 0) {
  console.error(`No part of the tour has a title with "${only}"`);
  Deno.exit(2);
}

let failures = 0;
let skipped = 0;
for (const [index, [title, run]] of chosen.entries()) {
  console.log(`\n${index + 1}. ${title}`);
  const chapter = new Chapter();
  try {
    await run(chapter);
  } catch (error) {
    chapter.check(`this part ran without an error (${error})`, false);
  }
  failures += chapter.failures;
  if (chapter.isSkipped) {
    skipped++;
    continue;
  }
  console.log(`   took   ${chapter.milliseconds} ms, including the start of the other processes`);
}

const counts = `Parts shown: ${chosen.length - skipped}` +
  (skipped === 0 ? "" : `, not shown: ${skipped}`);
console.log(
  failures === 0 ? `\nAll checks passed. ${counts}` : `\nFailed checks: ${failures}`,
);
Deno.exit(failures === 0 ? 0 : 1);
