// Task: test:package
//
// Compares the constants and the names of objects in docs/wire_formats.md with those of the library.

import { assertEquals } from "@std/assert";
import { nounOf } from "../../../ffi/kernel_object.ts";
import {
  BroadcastRing,
  LatestFrame,
  LatestValue,
  RingChannel,
  SharedEvent,
  struct,
} from "../../../mod.ts";
import * as broadcast from "../../../src/channel/broadcast/layout.ts";
import * as frame from "../../../src/channel/frame/layout.ts";
import * as latest from "../../../src/channel/latest/layout.ts";
import { SLOTS } from "../../../src/channel/latest/layout.ts";
import { MAX_CAPACITY, MIN_CAPACITY } from "../../../src/channel/peer/memory.ts";
import { MAX_WAITING } from "../../../src/channel/peer/wake.ts";
import * as ring from "../../../src/channel/ring/layout.ts";
import { randomName } from "../../support/random_name.ts";
import { constantsOf, tableOf } from "./document.ts";

Deno.test("wire_formats.md has the library's constants", () => {
  assertEquals(constantsOf("ring"), {
    "magic": ring.MAGIC,
    "version": ring.VERSION,
    "bytes of the header": ring.HEADER_LENGTH,
    "bytes before a message": ring.RECORD_HEADER_LENGTH,
    "smallest capacity": MIN_CAPACITY,
    "largest capacity": MAX_CAPACITY,
    "senders at most": ring.MAX_SENDERS,
    // The test of records sees that the sizes of records are multiples of it.
    "alignment of a record": 8,
  });
  assertEquals(constantsOf("broadcast"), {
    "magic": broadcast.MAGIC,
    // Not exported: the test of the header sees it.
    "version": 3,
    "bytes of the header": broadcast.HEADER_LENGTH,
    "bytes of one unit": broadcast.UNIT,
    "bytes before a message": broadcast.UNIT,
    "smallest capacity": MIN_CAPACITY,
    "largest capacity": MAX_CAPACITY,
    "kind of a message": broadcast.RECORD_KIND.message,
    "kind of padding": broadcast.RECORD_KIND.padding,
    "readers that can wait": MAX_WAITING,
  });
  assertEquals(constantsOf("latest"), {
    "magic": latest.MAGIC,
    "version": latest.VERSION,
    "slots": SLOTS,
    "offset of the slots": latest.memoryLengthFor(31) - 4 * 128,
    // One word more than 31, and the slots are longer.
    "a slot is a multiple": (latest.memoryLengthFor(32) - latest.memoryLengthFor(31)) / 4,
    "readers that can wait": MAX_WAITING,
  });
  assertEquals(constantsOf("frame"), {
    "magic": frame.MAGIC,
    "version": frame.VERSION,
    "bytes of a reader": frame.READER_LENGTH,
    "alignment of slots": frame.PAGE,
    "bytes of metadata at most": frame.MAX_METADATA,
    "bytes of a frame at most": frame.MAX_FRAME,
    "slots at least": frame.SPARE_SLOTS,
    "slots at most": frame.MAX_READERS + frame.SPARE_SLOTS,
    "readers at most": frame.MAX_READERS,
  });
});

Deno.test("wire_formats.md names the objects of each product", () => {
  const nouns: Readonly<Record<string, string>> = {
    "section": "shared memory",
    "auto-reset event": "an event",
    "mutex": "a mutex",
  };
  const name = randomName();
  using stack = new DisposableStack();
  const products: Record<string, () => string> = {
    "ring": () => {
      stack.use(RingChannel.create(`${name}-ring`));
      return `Local\\${name}-ring`;
    },
    "broadcast ring": () => {
      stack.use(BroadcastRing.create(`${name}-broadcast`));
      return `Local\\${name}-broadcast`;
    },
    "latest value": () => {
      const value = stack.use(LatestValue.create(`${name}-latest`, struct({ lap: "u32" })));
      stack.use(value.writer());
      return `Local\\${name}-latest`;
    },
    "latest frame": () => {
      const frames = stack.use(LatestFrame.create(`${name}-frame`, { byteLength: 8 }));
      stack.use(frames.writer());
      return `Local\\${name}-frame`;
    },
  };
  const rows = tableOf("table: objects");
  assertEquals([...new Set(rows.map(({ product }) => product!))], Object.keys(products));
  for (const [product, create] of Object.entries(products)) {
    const full = create();
    for (const { object, name } of rows.filter((row) => row.product === product)) {
      // The events of readers are there only while readers wait: other tests see them.
      if (name!.includes("reader")) continue;
      const found = name!.replace("NAME", full);
      assertEquals(nounOf(found), nouns[object!], found);
      if (object === "auto-reset event") {
        SharedEvent.openOrCreate(found, { reset: "auto" }).close();
      }
    }
  }
});
