/**
 * The scripts that TypeScript ends and C ends both run.
 *
 * A ring of 1024 bytes takes messages of up to 504 bytes. Its batches are 128 bytes, for the sender
 * and the receiver. A record has 8 bytes more than its message, and ends at a multiple of 8.
 *
 * @module
 */

import { Random } from "../../support/random.ts";
import type { Script } from "./script.ts";

const BOTH = ["open receiver = ok", "open sender = ok"];
const FROM_0_TO_20 = Array.from({ length: 21 }, (_, length) => length);
const FILL = ["send 304 = ok", "send 304 = ok", "send 304 = ok"];

/** The words of all positions, also of the first of the two numbers. */
const POSITIONS = ["tail", "head", "committed", "consumed", "numbers"];

/** Header words that make an open fail. */
const CORRUPT_HEADERS = [
  ...["magic 0", "magic 1", "version 1", "layout 0", "layout 3", "whenFull 3", "goesOn 2"],
  ...["capacity 0", "capacity 512", "capacity 1000", "capacity 4096", "capacity -2147483648"],
  ...["maxMessageLength 505", "maxMessageLength -1"],
];
const CORRUPT_POSITIONS = {
  sender: ["tail 3", "tail 8", "committed 1032", "committed 4", "head 8", "head 2"],
  receiver: ["head 3", "head 8", "consumed 1032", "consumed 4"],
};
/** Wrong lengths for a record at the ring's beginning, where a message of 8 bytes is. */
const CORRUPT_RECORDS = [0, 7, 17, 513, -8, -1, 2 ** 31 - 1, -(2 ** 31), -1024, -1016];

const ALIKE: readonly Script[] = [
  {
    name: "each length",
    steps: [
      ...BOTH,
      ...FROM_0_TO_20.flatMap((length) => [`send ${length} = ok`, "flush sender", "read 1"]),
      "read 1 = TimedOut",
    ],
  },
  {
    name: "batches",
    steps: [
      ...BOTH,
      ...[
        "send 8",
        "send 90",
        "send 8",
        "read 1",
        "send 8",
        "read 1",
        "read 9",
      ],
      ...["read 1 = TimedOut", "send 119", "send 120", "send 1", "flush sender", "flush sender"],
      ...["read 1", "read 1", "read 1", "read 1 = TimedOut", "send_now 8 = ok", "read 1"],
    ],
  },
  {
    name: "batches of 32 and 64 KiB",
    options: { capacity: 2 ** 20 },
    steps: [
      ...BOTH,
      ...["send 16376", "send 16368", "send 0", "send 16384", "send 16368", "send 0"],
      ...["read 3", "read 1", "read 1", "read 1", "send 524280 = ok", "read 9"],
    ],
  },
  {
    name: "the largest message",
    steps: [
      ...BOTH,
      ...["send 505 = RangeError", "claim 505 = RangeError", "wait_room 505 = RangeError"],
      ...["send 504 = ok", "send 504 = ok", "send 0 = TimedOut", "read 1", "send 505 = RangeError"],
      ...["send 504 = ok", "read 9", "send 8", "send 504 = ok", "send 504 = TimedOut", "read 9"],
      ...["send 504 = ok", "read 9"],
    ],
  },
  {
    name: "a limit of its own",
    options: { capacity: 1024, maxMessageLength: 100 },
    steps: [...BOTH, "send 100 = ok", "send 101 = RangeError", "read 9"],
  },
  {
    name: "the full ring",
    steps: [
      ...BOTH,
      ...FILL,
      ...["send 88 = TimedOut", "send 80 = ok", "send 0 = TimedOut", "wait_room 0 = TimedOut"],
      ...["wait_room 505 = RangeError", "claim 0 = TimedOut", "read 1", "wait_room 304 = ok"],
      ...["wait_room 305 = TimedOut", "send 304 = ok", "read 4", "read 1 = TimedOut"],
    ],
  },
  {
    name: "padding",
    steps: [
      ...BOTH,
      ...FILL,
      ...["send 81 = TimedOut", "read 2", "claim 200 = ok", "abort", "flush sender", "read 1"],
      ...["read 1 = TimedOut", "close receiver", "close sender", "open sender", "open receiver"],
      ...["send 8 = ok", "flush sender", "read 1", ...FILL, "claim 504 = TimedOut", "read 9"],
      ...["claim 504 = ok", "commit 3", "flush sender", "wait_message = ok", "read 9"],
    ],
  },
  {
    name: "a record up to the ring's end",
    steps: [
      ...BOTH,
      ...[
        ...FILL,
        "send 80 = ok",
        "read 9",
        "claim 8 = ok",
        "abort",
        "send 0 = ok",
        "flush sender",
      ],
      ...["read 9", "read 1 = TimedOut"],
    ],
  },
  {
    name: "claims",
    steps: [
      ...BOTH,
      ...["claim 100", "commit 30", "claim 50", "commit 0", "claim 8", "abort", "claim 8"],
      ...["commit 8", "claim 0", "commit 0", "claim 200", "commit 200", "read 9"],
    ],
  },
  {
    name: "positions that overflow",
    steps: [
      ...POSITIONS.map((word) => `poke ${word} -1608`),
      ...BOTH,
      ...Array.from({ length: 12 }, (_, number) => [`send ${300 + number}`, "read 1"]).flat(),
      ...["close sender", "close receiver", ...BOTH, "send 8", "flush sender", "read 1"],
    ],
  },
  {
    name: "the end",
    steps: [
      ...BOTH,
      ...["send 8", "close sender", "wait_message = ok", "read 9", "read 1 = end"],
      ...["wait_message = end", "open sender = ok", "read 1 = TimedOut", "send 9", "flush sender"],
      ...["close sender", "read 1", "read 1 = end", "open sender", "close receiver"],
      ...["send 8 = BrokenPipe", "wait_room 8 = BrokenPipe", "claim 505 = RangeError"],
      ...["open receiver", "send 8 = ok", "flush sender", "read 1"],
    ],
  },
  {
    name: "wake flags and events",
    steps: [
      ...BOTH,
      ...["poke receiver.sleeping 1", "send 8", "flush sender", "send 8", "flush sender"],
      ...["poke receiver.sleeping 1", "send 200", "poke sender.sleeping 1", "read 1", "read 2"],
      ...["poke sender.sleeping 1", "send 8", "flush sender", "read 1", "read 1 = TimedOut"],
      ...["poke receiver.sleeping 1", "close sender", "open sender", "poke sender.sleeping 1"],
      ...["close receiver", "poke receiver.sleeping 7", "open receiver", "close sender"],
    ],
  },
  {
    name: "places",
    steps: [
      ...["sender", "receiver"].flatMap((role) => [
        ...[`open ${role} = ok`, `open ${role} = Busy`, `close ${role}`, `open ${role} = ok`],
        ...[`close ${role}`, `poke ${role}.owner alive`, `open ${role} = Busy`],
        ...[`poke ${role}.owner dead`, `open ${role} = ok`, `open ${role} = Busy`],
        ...[`poke ${role}.owner alive`, `close ${role}`, `open ${role} = Busy`],
        ...[`poke ${role}.owner nobody`],
      ]),
    ],
  },
  {
    name: "places that others take first",
    steps: ["sender", "receiver"].flatMap((role) => [
      ...[`poke ${role}.owner dead`, `steal ${role}`, `open ${role} = Busy`],
      ...[`poke ${role}.owner nobody`, `open ${role} = ok`],
    ]),
  },
  {
    name: "a sender that died before it published",
    steps: [
      ...["open sender", "send 8", "send 9", "abandon sender", "poke sender.owner dead"],
      ...["open sender = ok", "open receiver", "read 9", "send 8", "abandon sender"],
      ...["poke sender.owner dead", "close receiver", "open receiver", "read 9"],
      ...["read 1 = ConnectionReset", "wait_message = ConnectionReset", "open sender = ok"],
      ...["read 1 = TimedOut", "send 8", "flush sender", "read 1"],
    ],
  },
  {
    name: "a receiver that died before it published",
    steps: [
      ...[...BOTH, "send 8", "send 60", "flush sender", "read 2", "abandon receiver"],
      ...["poke receiver.owner dead", "open receiver = ok", "send 504 = ok", "send 408 = ok"],
    ],
  },
  {
    name: "room for the largest message that a receiver had not published when it died",
    steps: [
      ...["poke tail 544", "poke committed 544", "poke consumed 544", "poke head 424"],
      // The message that was read, and the number that belongs to the head.
      ...["poke numbers 424", "poke ring+424 120"],
      ...["open receiver = ok", "open sender = ok", "send 504 = ok"],
    ],
  },
  {
    name: "headers that are corrupt",
    steps: CORRUPT_HEADERS.flatMap((header) => {
      const good: Record<string, number> = {
        ...{ magic: 0x43524957, version: 2, layout: 1, whenFull: 0, goesOn: 0 },
        ...{ capacity: 1024, maxMessageLength: 504 },
      };
      const [word = ""] = header.split(" ");
      const result = header === "magic 0" ? "NotFound" : "InvalidData";
      return [
        ...[`poke ${header}`, `open sender = ${result}`, `open receiver = ${result}`],
        ...[`poke ${word} ${good[word]}`, ...BOTH, "close sender", "close receiver"],
      ];
    }),
  },
  {
    name: "positions that are corrupt when an end is opened",
    steps: Object.entries(CORRUPT_POSITIONS).flatMap(([role, positions]) =>
      positions.flatMap((position) => [
        ...[`poke ${role}.state 0`, `poke ${position}`, `open ${role} = InvalidData`],
        ...[`poke ${position.split(" ")[0]} 0`, `open ${role} = ok`, `close ${role}`],
      ])
    ),
  },
  {
    name: "a tail that is corrupt",
    steps: ["tail 3", "tail 1032", "tail -8"].flatMap((tail) => [
      ...["open receiver", `poke ${tail}`, "read 1 = InvalidData", "wait_message = InvalidData"],
      ...["close receiver", "poke tail 0"],
    ]),
  },
  {
    name: "a head that is corrupt",
    steps: [
      ...["open sender", "send 504", "send 504"],
      ...["head 3", "head -8", "head 1032"].flatMap((head) => [
        ...[`poke ${head}`, "send 8 = InvalidData", "wait_room 8 = InvalidData"],
        ...["poke head 0", "close sender", "open sender"],
      ]),
      ...["poke head 512", "send 8 = ok", "poke head 504", "send 496 = InvalidData"],
    ],
  },
  {
    name: "records that are corrupt",
    steps: [
      ...["open sender", "send 8", "flush sender"],
      ...CORRUPT_RECORDS.flatMap((record) => [
        ...["open receiver", `poke ring+0 ${record}`, "wait_message = InvalidData"],
        ...["read 1 = InvalidData", "close receiver"],
      ]),
    ],
  },
  {
    name: "a record past the ring's end",
    steps: [
      ...POSITIONS.map((word) => `poke ${word} 960`),
      ...["open receiver", "poke ring+960 208", "poke tail 1472", "read 1 = InvalidData"],
      ...["close receiver"],
    ],
  },
  {
    name: "a record that is corrupt after a good one",
    steps: [
      ...[...BOTH, "send 120", "send 8", "flush sender", "poke ring+128 9999"],
      ...["read 1", "read 9 = InvalidData", "close receiver"],
    ],
  },
  {
    name: "messages that are read where they stand",
    steps: [
      ...[
        ...BOTH,
        ...FILL,
        "flush sender",
        "visit 2",
        "visit 9",
        "send 200",
        "flush sender",
        "visit 1",
      ],
      ...["send 8", "send 8", "send 8", "flush sender", "visit 1", "visit 1", "visit 9"],
    ],
  },
  {
    name: "messages that are peeked and released",
    steps: [
      ...[...BOTH, ...FILL, "flush sender", "peek 2", "release 3 = RangeError", "peek 1"],
      ...["wait_peek = TimedOut", "poke sender.sleeping 1", "wait_peek = TimedOut", "release 0"],
      ...["send 200 = TimedOut", "release 1", "poke sender.sleeping 1", "wait_peek = TimedOut"],
      ...["release 1", "send 200 = ok", "flush sender", "wait_peek", "wait_peek = TimedOut"],
      ...["wait_room 504 = TimedOut", "release 2", "peek 1 = TimedOut", "send 8"],
      ...["flush sender", "peek_release 9", "peek 1 = TimedOut", "send 8", "close sender"],
      ...["peek 1", "wait_peek = end", "release 1", "peek 1 = end", "read 1 = end"],
    ],
  },
  ...[0, 1].map((peeks) => ({
    name: `padding without a message, after ${peeks} peeked messages`,
    steps: [
      ...[...BOTH, ...FILL, "flush sender", `read ${3 - peeks}`, `peek_more ${peeks}`],
      ...["claim 200 = ok", "abort", "flush sender", "peek 1 = TimedOut", "wait_peek = TimedOut"],
      ...[`release ${peeks}`, "wait_peek = TimedOut", "send 8", "flush sender", "peek 1"],
      ...["release 1", "close sender", "peek 1 = end"],
    ].filter((step) => step !== "peek_more 0").map((step) => step.replace("_more", "")),
  })),
  {
    name: "messages that were peeked and not released",
    steps: [
      ...[...BOTH, "send 8", "send 60", "send 0", "flush sender", "read 1", "peek 9"],
      ...["abandon receiver", "poke receiver.owner dead", "open receiver", "peek 1", "release 1"],
      ...["peek 9", "close receiver", "open receiver", "peek 9", "release 1", "peek 1"],
    ],
  },
  {
    name: "numbers of messages above 2³²",
    steps: [
      ...["poke word:195 -1", "poke word:196 1", ...BOTH, "send 8", "send 9", "flush sender"],
      ...["peek 2", "release 1", "close receiver", "open receiver", "peek 1"],
    ],
  },
  {
    name: "numbers that are corrupt when a receiver is opened",
    steps: [
      ...["word:194 8", "word:194 -8"].flatMap((number) => [
        ...[`poke ${number}`, `poke ${number.replace("194", "197")}`],
        ...["open receiver = InvalidData", "poke word:194 0"],
      ]),
      ...["poke word:196 2097152", "open receiver = InvalidData", "poke word:196 2097151"],
      ...["open receiver = ok", "close receiver"],
    ],
  },
  {
    name: "lengths that a sender changes after they were peeked",
    steps: [
      ...[0, 7, 100, -1024, 2 ** 31 - 1].flatMap((record) => [
        ...[...BOTH, "send 8", "send 8", "flush sender", "peek 2", `poke ring+0 ${record}`],
        ...["release 2 = InvalidData", "close receiver", "close sender"],
        ...[...POSITIONS, "word:197", "word:195", "word:198"].map((word) => `poke ${word} 0`),
      ]),
    ],
  },
  {
    name: "messages that were read and not published, and then changed",
    steps: [
      ...[...BOTH, "send 8", "flush sender", "read 1", "abandon receiver", "poke ring+0 4"],
      ...["poke receiver.owner dead", "open receiver = InvalidData", "poke ring+0 16"],
      ...["open receiver = ok", "send 8", "flush sender", "peek 1"],
    ],
  },
  {
    name: "padding of the whole ring",
    steps: [...BOTH, "poke ring+0 -1024", "poke tail 1024", "read 1 = TimedOut", "close receiver"],
  },
];

const DIFFERENT: readonly Script[] = [
  {
    name: "the end of an event-loop turn",
    steps: [
      ...[...BOTH, "send 8"],
      { step: "turn", why: "event-loop turn", words: "tail" },
      ...["flush sender", "read 1"],
      { step: "turn", why: "event-loop turn", words: "head numbers" },
    ],
  },
  {
    name: "a wait that need not wait",
    steps: [
      ...[...BOTH, "send 8", "send 8", "flush sender", "read 1"],
      { step: "wait_message", why: "wait publishes", words: "head numbers" },
      ...["read 1", "wait_message = TimedOut"],
    ],
  },
  {
    name: "nothing to read",
    steps: [
      ...[...BOTH, "send 8", "flush sender", "next"],
      {
        step: "next",
        why: "nothing to read",
        typescript: "none",
        c: "none",
        words: "head numbers",
      },
      ...["read 1 = TimedOut", "close sender", "close receiver", "open receiver"],
      "poke sender.owner dead",
      { step: "next", why: "nothing to read", typescript: "ConnectionReset", c: "none" },
      "wait_message = ConnectionReset",
    ],
  },
  {
    name: "a claim after a claim",
    steps: [
      ...[...BOTH, "claim 100"],
      { step: "claim 50", why: "no abort", typescript: "Busy", words: "ring" },
      ...["commit 20", "flush sender"],
    ],
  },
  {
    name: "a commit without a claim",
    steps: [
      ...[...BOTH, "claim 8", "abort"],
      {
        step: "commit 8",
        why: "unchecked commit",
        typescript: "TypeError",
        words: "committed ring",
      },
    ],
  },
  {
    name: "a commit of more than was claimed",
    steps: [
      ...[...BOTH, "claim 8"],
      {
        step: "commit 9",
        why: "unchecked commit",
        typescript: "RangeError",
        words: "committed ring",
      },
    ],
  },
  {
    name: "a full ring that drops",
    options: { capacity: 1024, whenFull: "drop" },
    steps: [
      ...[...BOTH, ...FILL, "send 200 = TimedOut"],
      {
        ...{ step: "send_now 200", why: "full ring", typescript: "dropped", c: "TimedOut" },
        words: "dropped",
      },
    ],
  },
  {
    name: "a full ring that fails",
    options: { capacity: 1024, whenFull: "fail" },
    steps: [
      ...[...BOTH, ...FILL, "send 200 = TimedOut"],
      { step: "send_now 200", why: "full ring", typescript: "WouldBlock", c: "TimedOut" },
    ],
  },
  {
    name: "many senders",
    options: { capacity: 1024, producers: "multiple" },
    steps: [
      ...["poke capacity 0", "open sender = InvalidData", "poke capacity 1024"],
      {
        step: "open sender",
        why: "many senders",
        c: "NotSupported",
        words: "changes sender.owner",
      },
      "poke sender.owner nobody",
      { step: "claim 8", why: "many senders", c: "no end", words: "producerLock changes ring" },
      {
        ...{ step: "commit 8", why: "many senders", c: "no end" },
        words: "tail committed producerLock changes ring",
      },
      {
        ...{ step: "open receiver", why: "many senders", c: "NotSupported" },
        words: "tail committed producerLock changes receiver.owner ring",
      },
    ],
  },
  {
    name: "a receiver that is closed in the middle of a batch",
    steps: [
      ...[...BOTH, "send 8", "close receiver"],
      {
        ...{ step: "send 8", why: "closed receiver", c: "BrokenPipe" },
        // C publishes in a wait.
        words: "tail committed ring",
      },
      ...["flush sender", "send 8 = BrokenPipe"],
    ],
  },
  {
    name: "a receiver that has died",
    steps: [
      ...["open sender", "poke receiver.owner dead"],
      {
        ...{ step: "send 8", why: "dead receiver", typescript: "BrokenPipe" },
        words: "committed ring",
      },
      { step: "flush sender", why: "dead receiver", words: "tail committed ring" },
      ...["send 8 = BrokenPipe", "wait_room 8 = BrokenPipe"],
    ],
  },
  {
    name: "reading while more is written",
    steps: [
      ...[...BOTH, "send 0", "flush sender", "wait_message = ok", "send 0", "flush sender"],
      { step: "visit 9", why: "reading on", typescript: "0:0", c: "0:0 0:0", words: "consumed" },
    ],
  },
  {
    name: "reading while peeked messages are not released",
    steps: [
      ...[...BOTH, "send 8", "send 8", "flush sender", "peek 1"],
      { step: "next", why: "peeked messages", typescript: "Busy", c: "none" },
      { step: "wait_message", why: "peeked messages", typescript: "Busy", c: "ok" },
      ...["peek 1", "release 2", "read 1 = TimedOut"],
    ],
  },
  {
    name: "a head that was corrupt",
    steps: [
      ...["open sender", "send 504", "send 504", "poke head 3", "send 8 = InvalidData"],
      "poke head 512",
      { step: "send 8", why: "corrupt for good", c: "InvalidData", words: "committed ring" },
      {
        step: "wait_room 8",
        why: "corrupt for good",
        c: "InvalidData",
        words: "tail committed ring",
      },
    ],
  },
  {
    name: "a tail that was corrupt",
    steps: [
      ...["open receiver", "poke tail 3", "read 1 = InvalidData", "poke tail 0"],
      { step: "wait_message", why: "corrupt for good", typescript: "TimedOut", c: "InvalidData" },
    ],
  },
];

/** Returns a script of many random steps, which begins shortly before the positions overflow. */
function walk(seed: number, count: number): Script {
  const random = new Random(seed);
  const length = () => random.below(4) === 0 ? random.below(505) : random.below(80);
  const claimed = length();
  const kinds = [
    ...[() => [`send ${length()}`], () => [`send ${length()}`], () => [`send ${length()}`]],
    ...[() => [`read ${1 + random.below(6)}`], () => [`read ${1 + random.below(6)}`]],
    () => ["flush sender"],
    () => [`claim ${claimed + random.below(80)}`, "abort"],
    () => ["close receiver", "open receiver"],
    () => ["close sender", "open sender"],
    () => [`peek_release ${1 + random.below(6)}`],
    // TypeScript publishes for all ends of a thread in a wait. So the receiver must have nothing
    // pending.
    () => ["close receiver", "open receiver", `wait_room ${length()}`],
  ];
  const steps = Array.from({ length: count }, () => kinds[random.below(kinds.length)]!());
  const start = POSITIONS.map((word) => `poke ${word} -4000`);
  return { name: `walk ${seed}`, steps: [...start, ...BOTH, ...steps.flat()] };
}

/** Kills the other process. No script that needs this process can follow. */
const LAST: Script = {
  name: "another process that ends",
  steps: [
    ...["poke sender.owner alive", "open receiver", "wait_message = TimedOut", "read 1 = TimedOut"],
    ...["kill", "poll_message = ConnectionReset", "close receiver", "open sender = ok"],
  ],
};

/** All scripts, in the order in which they must run. */
export const SCRIPTS: readonly Script[] = [
  ...ALIKE,
  ...DIFFERENT,
  walk(1, 300),
  walk(2, 300),
  LAST,
];
