/**
 * The library as it is on ARM64, for scenarios about the order of memory accesses.
 *
 * @module
 */

import type * as broadcastReceiver from "../../../src/channel/broadcast/receiver.ts";
import type * as broadcastSender from "../../../src/channel/broadcast/sender.ts";
import type * as latestLayout from "../../../src/channel/latest/layout.ts";
import type * as sharedWriter from "../../../src/channel/ring/many/shared_writer.ts";
import type * as ringReader from "../../../src/channel/ring/reader.ts";
import type * as ringWriter from "../../../src/channel/ring/writer.ts";
import type * as place from "../../../src/channel/peer/place.ts";
import type * as wait from "../../../src/channel/peer/wait.ts";
import type * as wake from "../../../src/channel/peer/wake.ts";
import type { LockModules } from "../../sync/shared_lock/model/locks.ts";
import { importCopy, load, readFiles } from "./changed_library.ts";
import type { Library } from "./library.ts";

/** The parts of the library that these scenarios use. */
export interface ArmLibrary extends Library {
  readonly BroadcastReader: typeof broadcastReceiver.BroadcastReader;
  readonly BroadcastWriter: typeof broadcastSender.BroadcastWriter;
  readonly EndWait: typeof wait.EndWait;
  readonly LatestSlots: typeof latestLayout.LatestSlots;
  readonly PeerLiveness: typeof place.PeerLiveness;
  readonly RingReader: typeof ringReader.RingReader;
  readonly RingWriter: typeof ringWriter.RingWriter;
  readonly SharedWriter: typeof sharedWriter.SharedWriter;
  readonly WakeWord: typeof wake.WakeWord;
  readonly leavePlace: typeof place.leavePlace;
  readonly locks: LockModules;
  readonly takePlace: typeof place.takePlace;
}

/** The file and the line that decide whether some fences are left out. */
const PROCESSOR = "ffi/platform.ts";
const IS_X64 = /const IS_X64: boolean = .*;/;

/** Loads the library with all fences that it has on ARM64. */
export async function loadArmLibrary(): Promise<ArmLibrary> {
  const files = await readFiles();
  const text = files.get(PROCESSOR)!;
  if (!IS_X64.test(text)) {
    throw new Error(`${PROCESSOR} has no line that finds out whether this is x64`);
  }
  files.set(PROCESSOR, text.replace(IS_X64, "const IS_X64 = false;"));
  return await importCopy(files, async (root) => {
    const room = `${root}channel/`;
    const [receiver, sender, latest, reader, writer, shared, place, wait, wake, word, readWrite] =
      await Promise.all([
        import(`${room}broadcast/receiver.ts`),
        import(`${room}broadcast/sender.ts`),
        import(`${room}latest/layout.ts`),
        import(`${room}ring/reader.ts`),
        import(`${room}ring/writer.ts`),
        import(`${room}ring/many/shared_writer.ts`),
        import(`${room}peer/place.ts`),
        import(`${room}peer/wait.ts`),
        import(`${room}peer/wake.ts`),
        import(`${root}sync/shared_lock/word.ts`),
        import(`${root}sync/shared_lock/read_write_lock.ts`),
      ]);
    return {
      ...await load(root),
      BroadcastReader: receiver.BroadcastReader,
      BroadcastWriter: sender.BroadcastWriter,
      EndWait: wait.EndWait,
      LatestSlots: latest.LatestSlots,
      PeerLiveness: place.PeerLiveness,
      RingReader: reader.RingReader,
      RingWriter: writer.RingWriter,
      SharedWriter: shared.SharedWriter,
      WakeWord: wake.WakeWord,
      leavePlace: place.leavePlace,
      takePlace: place.takePlace,
      locks: {
        LockWord: word.LockWord,
        ABANDONED: word.ABANDONED,
        ReadWriteWords: readWrite.ReadWriteWords,
      },
    };
  });
}
