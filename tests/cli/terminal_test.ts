// Task: test:command
//
// The terminal of the tests: without it, no test of the command could see colours or keys.

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { screenOf } from "./screen.ts";
import { Terminal, winipcOnTerminal } from "./terminal.ts";

const SCRIPT = `
  Deno.addSignalListener("SIGINT", () => {
    console.log("interrupted", Object.values(Deno.consoleSize()));
    Deno.exit(42);
  });
  const streams = [Deno.stdin, Deno.stdout, Deno.stderr];
  console.log(streams.map((stream) => stream.isTerminal()), Object.values(Deno.consoleSize()));
  Deno.stdout.writeSync(new TextEncoder().encode("one\\n\\x1b[31mtwo\\x1b[0m\\n\\x1b[1Aünï\\r\\x1b[K…"));
  Deno.stderr.writeSync(new TextEncoder().encode("\\nready\\n"));
  setTimeout(() => {}, 60_000);
`;

Deno.test("A test's terminal shows what a program writes, has a size, and passes Ctrl-C on", async () => {
  const words = [Deno.execPath(), "eval", SCRIPT];
  await using terminal = await Terminal.start(words, {
    columns: 100,
    rows: 30,
    env: { NO_COLOR: "1" },
  });
  await terminal.until("ready\n");
  await terminal.resize(40, 12);
  await terminal.type("\x03");
  const { code, text, lines } = await terminal.ended();
  assertEquals(code, 42);
  assertStringIncludes(text, "one\n\x1b[31mtwo\x1b[0m\n\x1b[1Aünï\r\x1b[K…\nready\n");
  assertEquals(lines, [
    "[ true, true, true ] [ 100, 30 ]",
    "one",
    "…",
    "ready",
    "interrupted [ 40, 12 ]",
  ]);
});

Deno.test("A test's terminal passes on a long output completely, and the exit code", async () => {
  const numbers = Array.from({ length: 500 }, (_, index) => `${index} ${"x".repeat(index % 90)}`);
  const script = `console.log(${JSON.stringify(numbers)}.join("\\n")); Deno.exit(7)`;
  await using terminal = await Terminal.start([Deno.execPath(), "eval", script]);
  const [help, long] = await Promise.all([winipcOnTerminal(["--help"]), terminal.ended()]);
  assertEquals([help.code, help.lines.at(-1)?.slice(0, 18)], [0, "Exit codes: 0 done"]);
  assertEquals([long.code, long.lines], [7, numbers.map((line) => line.trimEnd())]);
});

Deno.test("A test's terminal passes on the last character, in whichever column it is", async () => {
  // The console has 250 columns. A cursor behind the last one has no position of its own.
  for (const length of [249, 250, 251]) {
    const expected = "x".repeat(length - 1) + "J";
    const script = `Deno.stdout.writeSync(new TextEncoder().encode(${JSON.stringify(expected)}));
      setTimeout(() => {}, 60_000)`;
    await using terminal = await Terminal.start([Deno.execPath(), "eval", "--quiet", script]);
    await terminal.until("J");
    assertEquals(terminal.text, expected);
  }
});

Deno.test("A test's terminal ends its program when it is disposed of", async () => {
  const script = 'console.log("ready"); setTimeout(() => {}, 60_000)';
  const terminal = await Terminal.start([Deno.execPath(), "eval", script]);
  await terminal.until("ready\n");
  await terminal[Symbol.asyncDispose]();
  assertEquals((await terminal.ended()).code, 99);
});

Deno.test("The screen obeys the codes that move the cursor and erase", () => {
  const pictures: [string, string[]][] = [
    ["one\r\x1b[Ktwo", ["two"]],
    ["12345\x1b[3Gx\x1b[K", ["12x"]],
    ["a\nb\nc\n\x1b[3AA\x1b[K\n\x1b[J", ["A"]],
    ["a\nb\x1b[1A\x1b[1BB", ["a", "bB"]],
    ["\x1b[31mred\x1b[0m \n\n", ["red"]],
  ];
  for (const [text, lines] of pictures) assertEquals(screenOf(text), lines, JSON.stringify(text));
  assertThrows(() => screenOf("\x1b[3X"), Error, "does not know");
});
