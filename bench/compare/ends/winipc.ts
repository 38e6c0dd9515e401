/**
 * An end of the ways of this library: `winipc.ts far|near WAY NAME`.
 *
 * @module
 */

import { runEnd } from "./driver.ts";
import { broadcast } from "./ways/broadcast.ts";
import { copyData } from "./ways/copy_data.ts";
import { events } from "./ways/events.ts";
import { file } from "./ways/file.ts";
import { latest } from "./ways/latest.ts";
import { mailslot } from "./ways/mailslot.ts";
import { pipeBytes, pipeMessages } from "./ways/pipe.ts";
import { ringAwait, ringPipe, ringSleep, ringSpin } from "./ways/ring.ts";
import { capnweb, rpc } from "./ways/rpc.ts";
import { section } from "./ways/section.ts";
import { spawnStdio } from "./ways/spawn_stdio.ts";

await runEnd({
  "ring-spin": ringSpin,
  "ring-sleep": ringSleep,
  "ring-await": ringAwait,
  "ring-pipe": ringPipe,
  rpc,
  capnweb,
  broadcast,
  latest,
  events,
  "copy-data": copyData,
  section,
  file,
  "pipe-bytes": pipeBytes,
  "pipe-messages": pipeMessages,
  mailslot,
  stdio: spawnStdio,
});
