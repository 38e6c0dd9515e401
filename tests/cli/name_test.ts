// Task: test:command
//
// Names that no object can have: all subcommands refuse them alike. Names of
// objects of another kind: the error says what to write. Each call is a process.

import { assertEquals } from "@std/assert";
import { BroadcastRing, RingChannel } from "../../src/channel/mod.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { randomName } from "../support/random_name.ts";
import { SharedEvent } from "../../src/sync/mod.ts";
import { winipc } from "./winipc.ts";

Deno.test("Each subcommand refuses a name that no object can have, with the same words and 2", async () => {
  const wrong = 'Expected a name with no backslash except in "Local\\" or "Global\\", got "a\\b"';
  const calls = [
    ["info", "a\\b"],
    ["info", "event:a\\b"],
    ["dump", "a\\b"],
    ["watch", "a\\b"],
    ["tail", "a\\b"],
    ["record", "a\\b", "file"],
    ["replay", "file", "a\\b"],
    ["send", "event:a\\b"],
  ];
  const flags = ["--allow-ffi", "--allow-read", "--allow-write"];
  const ended = await Promise.all(calls.map((args) => winipc(args, { flags })));
  const expected = calls.map(([name]) => ({
    code: 2,
    out: "",
    err: `${wrong}\nSee winipc ${name} --help\n`,
  }));
  assertEquals(ended, expected);
});

Deno.test("An empty argument is refused with its name and 2, but for the data of a message", async () => {
  const calls: [string[], string][] = [
    [["info", ""], "NAME, got an empty text"],
    [["dump", ""], "NAME, got an empty text"],
    [["record", "name", ""], "FILE, got an empty text"],
    [["replay", "", "name"], "FILE, got an empty text"],
    [["ls", ""], "KIND, got an empty text"],
    [["info", "window:"], "class to have 1 to 255 characters, got 0"],
  ];
  const ended = await Promise.all(calls.map(([args]) => winipc(args)));
  const expected = calls.map(([[name], message]) => ({
    code: 2,
    out: "",
    err: `Expected ${message}\nSee winipc ${name} --help\n`,
  }));
  assertEquals(ended, expected);
});

Deno.test("A name of an object of another kind is refused with its kind, with advice, and with 3", async () => {
  const [log, ring, event] = [randomName(), randomName(), randomName()];
  using _log = BroadcastRing.create(log);
  using _ring = RingChannel.create(ring);
  using _event = SharedEvent.create(event);
  const missing = (name: string) =>
    `Cannot open shared memory "Local\\${name}": OpenFileMappingW failed with error 2 ` +
    '(ERROR_FILE_NOT_FOUND), "File not found"';
  const anEvent =
    `There is no section "${event}": it is an event; winipc info ${event} describes it`;
  const lists = isWine() ? "Wine does not list pipes and mailslots\n" : "";
  const calls: [string[], string][] = [
    [
      ["info", `ring:${log}`],
      `There is no ring "${log}": it is a broadcast ring; write broadcast:${log}`,
    ],
    [
      ["send", `ring:${log}`, "x"],
      `There is no ring "${log}": it is a broadcast ring; write broadcast:${log}`,
    ],
    [
      ["listen", `broadcast:${ring}`],
      `There is no broadcast ring "${ring}": it is a ring; write ring:${ring}`,
    ],
    [["send", `event:${ring}`], `There is no event "${ring}": it is a ring; write ring:${ring}`],
    [
      ["listen", `ring:${event}`, "--take"],
      `There is no ring "${event}": it is an event; write event:${event}`,
    ],
    [["dump", event], anEvent],
    [
      ["watch", `Local\\${event}`],
      anEvent.replace(`"${event}"`, `"Local\\\\${event}"`).replace(
        `info ${event}`,
        `info Local\\${event}`,
      ),
    ],
    [["tail", event], anEvent],
    [["record", event, "file"], anEvent],
    [
      ["dump", `ring:${ring}`],
      `${missing(`ring:${ring}`)}: write ${ring} without ring:, because NAME is always a section's`,
    ],
    [
      ["dump", `event:${event}`],
      `${
        missing(`event:${event}`)
      }: an event is no section; winipc info event:${event} describes one`,
    ],
    [
      ["ls", `ring:${ring}`],
      `${lists}There is no object whose name matches "ring:${ring}": write winipc ls ring ${ring}`,
    ],
  ];
  const flags = ["--allow-ffi", "--allow-write"];
  const ended = await Promise.all(calls.map(([args]) => winipc(args, { flags })));
  assertEquals(ended, calls.map(([, err]) => ({ code: 3, out: "", err: `${err}\n` })));
});
