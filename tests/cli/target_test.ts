// Task: test:command
//
// The words that name targets, the data of messages, and lines, without a process.

import { assertEquals, assertThrows } from "@std/assert";
import { parseTarget, targetText } from "../../src/cli/targets/target.ts";
import { LineSplitter } from "../../src/cli/input/lines.ts";
import { payloadOf } from "../../src/cli/messages/payload.ts";
import { UsageError } from "../../src/cli/command_line/failure.ts";
import { winipc } from "./winipc.ts";

const encode = (text: string) => new TextEncoder().encode(text);

Deno.test("A target's kind ends at the first colon, and a window's class at the first slash", () => {
  const targets = {
    "ring:a:b": { kind: "ring", name: "a:b" },
    "event:Global\\stop": { kind: "event", name: "Global\\stop" },
    "pipe:\\\\.\\pipe\\x": { kind: "pipe", name: "\\\\.\\pipe\\x" },
    "window:C": { kind: "window", class: "C", title: undefined },
    "window:C/a/b: c": { kind: "window", class: "C", title: "a/b: c" },
    "window:C/": { kind: "window", class: "C", title: "" },
  };
  for (const [word, target] of Object.entries(targets)) {
    assertEquals<unknown>(parseTarget(word), target);
    assertEquals(targetText(parseTarget(word)), word);
  }
});

Deno.test("A word that is no target is refused with the kinds and the nearest kind", () => {
  const forms = "ring:NAME, broadcast:NAME, pipe:NAME, mailslot:NAME, event:NAME, window:CLASS " +
    "or window:CLASS/TITLE";
  const mistakes = {
    "trades": `Expected TARGET to begin with a kind, got "trades": write ${forms}`,
    "pip:x": `There is no kind of target "pip": did you mean "pipe"? The forms are ${forms}`,
    "Ring:x": `There is no kind of target "Ring": did you mean "ring"? The forms are ${forms}`,
    "foobar:x": 'There is no kind of target "foobar": the kinds are ring, broadcast, pipe, ' +
      `mailslot, event, window. The forms are ${forms}`,
    "ring:": "Expected a name after ring:, got none",
    "ring:a\\b": 'Expected a name with no backslash except in "Local\\" or "Global\\", got "a\\b"',
    [`pipe:${"a".repeat(300)}`]:
      "Expected a path of at most 256 characters, got 309: it begins with \\\\.\\pipe\\",
    [`window:${"c".repeat(256)}/t`]: "Expected class to have 1 to 255 characters, got 256",
    "window:/title": "Expected a class after window:, got only a title",
  };
  for (const [word, message] of Object.entries(mistakes)) {
    const error = assertThrows(() => parseTarget(word), UsageError);
    assertEquals(error.message, message);
  }
});

Deno.test("Lines are found across parts of any length, with both kinds of line breaks", () => {
  const text = "one\r\n\ntwo\n\r\nthree";
  for (let size = 1; size <= text.length; size++) {
    const splitter = new LineSplitter();
    const bytes = encode(text);
    const lines: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      lines.push(...splitter.add(bytes.slice(at, at + size)));
    }
    lines.push(splitter.rest()!);
    assertEquals(lines.map((line) => new TextDecoder().decode(line)), [
      "one",
      "",
      "two",
      "",
      "three",
    ]);
    assertEquals(splitter.rest(), undefined);
  }
});

Deno.test("A line of more than 16 MiB comes in parts, so that it cannot use up the memory", () => {
  const splitter = new LineSplitter();
  const part = new Uint8Array(2 ** 20).fill(0x61);
  let [parts, length] = [0, 0];
  for (let count = 0; count < 40; count++) {
    for (const line of splitter.add(part)) {
      parts++;
      length += line.length;
    }
  }
  assertEquals([parts, length], [2, 34 * 2 ** 20]);
});

Deno.test("Data that does not have its form is refused", () => {
  const target = { kind: "pipe", name: "x" } as const;
  const options = { target, encoding: "utf-8" } as const;
  assertEquals(payloadOf("", { ...options, form: "hex" }), new Uint8Array());
  assertEquals(payloadOf(" [1] ", { ...options, form: "json" }), encode(" [1] "));
  for (const wrong of ["0", "0g", "000", "0x00", "00 f"]) {
    assertThrows(() => payloadOf(wrong, { ...options, form: "hex" }), UsageError, "two digits");
  }
  assertThrows(() => payloadOf("{", { ...options, form: "json" }), UsageError, "Expected JSON");
  const long = assertThrows(
    () => payloadOf("x".repeat(1000), { ...options, form: "json" }),
    UsageError,
  );
  assertEquals(long.message.slice(0, 95), `Expected JSON, got "${"x".repeat(60)}" …: Unexpected`);
});

Deno.test("winipc send and listen refuse words that do not fit each other, with code 2", async () => {
  const mistakes: [string[], string][] = [
    [
      ["send", "pipe:x", "-5"],
      'There is no option "-5": the options are --help, --as, --encoding, --data-id, --timeout; ' +
      "write -- before an argument that begins with a dash\nSee winipc send --help\n",
    ],
    [
      ["send", "pipe:x", "data", "--as", "raw"],
      "Expected no DATA with --as raw, which sends the standard input as it is\n" +
      "See winipc send --help\n",
    ],
    [
      ["listen", "event:x", "--as", "text"],
      "An event has no message: leave --as out\nSee winipc listen --help\n",
    ],
    [
      ["listen", "window:#12"],
      'Expected class to be a name, got "#12": Windows reads a # with digits as a number\n' +
      "See winipc listen --help\n",
    ],
    [
      ["listen", "broadcast:x", "--messages"],
      'Expected --messages with pipe:NAME, got "broadcast:x"\nSee winipc listen --help\n',
    ],
    [
      ["listen", "broadcast:x", "--as", "raw", "--json"],
      "Expected --as raw without --json and --jsonl, because it prints no text\n" +
      "See winipc listen --help\n",
    ],
  ];
  const ended = await Promise.all(mistakes.map(([args]) => winipc(args)));
  assertEquals(ended, mistakes.map(([, err]) => ({ code: 2, out: "", err })));
});
