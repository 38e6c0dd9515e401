// Names that no object can have: all subcommands refuse them alike. Each call is a process.

import { assertEquals } from "@std/assert";
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
