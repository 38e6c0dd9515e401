// tools/winedeno itself; run by the Deno for Linux: tools/winedeno --linux task test:winedeno

import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { TextLineStream } from "@std/streams";

const root = new URL("../", import.meta.url).pathname;
const winedeno = `${root}tools/winedeno`;

// This process was itself started by winedeno, whose choice is not to be handed down.
const OUTSIDE = { JSR_URL: "", DENO_CERT: "" };

interface Options {
  cwd?: string;
  env?: Record<string, string>;
  stdin?: Uint8Array<ArrayBuffer>;
}

/** Runs a command to its end. */
async function run(command: string, args: string[], { stdin, ...options }: Options = {}) {
  const child = new Deno.Command(command, {
    args,
    cwd: root,
    stdin: stdin ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
    ...options,
    env: { ...OUTSIDE, ...options.env },
  }).spawn();
  const writing = stdin ? new Blob([stdin]).stream().pipeTo(child.stdin) : undefined;
  const [{ code, signal, stdout, stderr }] = await Promise.all([child.output(), writing]);
  const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, signal, stdout, out: out!, err: err! };
}

/** Starts winedeno with a script, which is awaited to write "ready". */
async function start(script: string, ...args: string[]) {
  const child = new Deno.Command(winedeno, {
    args: ["eval", script, ...args],
    cwd: root,
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
    .getReader();
  assertEquals((await lines.read()).value, "ready");
  return {
    child,
    /** What the script writes until it ends. */
    async rest(): Promise<string[]> {
      const all = [];
      for (let line; !(line = await lines.read()).done;) all.push(line.value);
      return all;
    },
  };
}

/** Waits until no process has a text in its command line. */
async function untilGone(text: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while ((await run("pgrep", ["--full", text])).code === 0) {
    assert(performance.now() < deadline, `a process with "${text}" is still there`);
  }
}

/** A folder that is removed at the end of the test. */
async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "winedeno test " });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("winedeno is Deno for Windows", async () => {
  const { code, out, err } = await run(winedeno, [
    "eval",
    "console.log(Deno.build.os, Deno.args); console.error('to stderr'); Deno.exit(42)",
  ]);
  assertEquals([code, out.trim(), err.trim()], [42, "windows []", "to stderr"]);
});

Deno.test("winedeno keeps arguments as they are", async () => {
  const args = ["a b", "", '"', "\\", 'a\\"b', "*", "ünïcödé €", "%PATH%", "--linux"];
  const folder = await Deno.makeTempDir();
  try {
    const script = `${folder}/args.ts`;
    await Deno.writeTextFile(script, "console.log(JSON.stringify(Deno.args))");
    const { out } = await run(winedeno, ["run", script, ...args]);
    assertEquals(JSON.parse(out), args);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("winedeno stays in the working directory, under the name that Wine gives it", async () => {
  await using folder = await temporaryFolder();
  const { out } = await run(winedeno, ["eval", "console.log(Deno.cwd())"], { cwd: folder.path });
  assertEquals(out.trim(), `Z:${folder.path.replaceAll("/", "\\")}`);
});

Deno.test("winedeno passes standard input and output byte by byte", async () => {
  const stdin = new Uint8Array(2 ** 20);
  for (let at = 0; at < stdin.length; at += 65_536) {
    crypto.getRandomValues(stdin.subarray(at, at + 65_536));
  }
  const script = "await Deno.stdin.readable.pipeTo(Deno.stdout.writable)";
  const { code, stdout, err } = await run(winedeno, ["eval", script], { stdin });
  assertEquals([code, err, stdout.length], [0, "", stdin.length]);
  assert(stdout.every((byte, index) => byte === stdin[index]));
});

Deno.test("winedeno hands the machine's certificates on", async () => {
  const file = `${root}LICENSE`;
  const script = "console.log(Deno.env.get('DENO_CERT'))";
  const { out } = await run(winedeno, ["eval", script], {
    env: { SSL_CERT_FILE: file },
  });
  assertEquals(out.trim(), `Z:${file.replaceAll("/", "\\")}`);
});

// Wine's Unix side writes to descriptor 2: by its debug output, and when a program crashes. The lines
// that it writes of threads whose process is being killed go the same way, but come too rarely.
const CHATTERING = `
  const { symbols } = Deno.dlopen("ntdll.dll", {
    __wine_dbg_output: { parameters: ["buffer"], result: "i32" },
  });
  const chatter = () => symbols.__wine_dbg_output(new TextEncoder().encode("wine client error\\n\\0"));
`;

Deno.test("winedeno lets through what programs write to stderr, and nothing of Wine's own", async () => {
  const crash = "new Deno.UnsafePointerView(Deno.UnsafePointer.create(16n)).getUint8()";
  const child = `${CHATTERING} chatter(); console.error("the child's"); chatter(); ${crash}`;
  const script = `${CHATTERING}
    for (let line = 0; line < 50; line++) {
      chatter();
      console.error("error", line);
      console.log("output", line);
      Deno.stderr.writeSync(new TextEncoder().encode("wine client error:"));
    }
    const args = ["eval", ${JSON.stringify(child)}];
    const { code } = new Deno.Command(Deno.execPath(), { args, stderr: "inherit" }).outputSync();
    console.error("it crashed:", code !== 0);
    ${crash};
  `;
  // One file for both shows that order is kept.
  const shell = 'exec "$0" eval "$1" 2>&1';
  const { code, out, err } = await run("sh", ["-c", shell, winedeno, script]);
  const lines = Array.from(
    { length: 50 },
    (_, line) => `error ${line}\noutput ${line}\nwine client error:`,
  );
  assertEquals([code, err], [5, ""]);
  assertEquals(out, `${lines.join("")}the child's\nit crashed: true\n`);
});

Deno.test("winedeno keeps a terminal a terminal, and nothing of Wine's own gets there", async () => {
  const script = `${CHATTERING}
    chatter();
    console.log("is one:", Deno.stdout.isTerminal(), Deno.stderr.isTerminal());
    console.error("to it");
  `;
  await using folder = await temporaryFolder();
  const path = `${folder.path}/terminal.js`;
  await Deno.writeTextFile(path, script);
  const command = `exec ${winedeno} run --allow-ffi '${path}'`;
  const { code, out } = await run(
    "script",
    ["--quiet", "--return", "--command", command, "/dev/null"],
    { env: { NO_COLOR: "1" } },
  );
  assertEquals(code, 0);
  assertStringIncludes(out, "is one: true true");
  assertStringIncludes(out, "to it");
  assertFalse(out.includes("wine"), out);
});

Deno.test("winedeno works where standard error is closed", async () => {
  const script = "console.error('to nobody'); console.log(await new Response('here').text())";
  const { code, out } = await run("sh", ["-c", `exec "$0" eval "$1" 2>&-`, winedeno, script]);
  assertEquals([code, out], [0, "here\n"]);
});

const CLEANING = `
  Deno.addSignalListener("SIGINT", () => {
    console.log("interrupted");
    setTimeout(() => {
      console.log("cleaned up");
      Deno.exit(42);
    }, 50);
  });
  setTimeout(() => {}, 60_000);
  console.log("ready");
`;

Deno.test("winedeno lets a script clean up after SIGINT, and gives its exit code", async () => {
  const { child, rest } = await start(CLEANING);
  child.kill("SIGINT");
  assertEquals(await rest(), ["interrupted", "cleaned up"]);
  assertEquals((await child.status).code, 42);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`winedeno ends by ${signal} what does not listen to it`, async () => {
    const mark = crypto.randomUUID();
    const { child, rest } = await start('setTimeout(() => {}, 60_000); console.log("ready")', mark);
    child.kill(signal);
    assertEquals((await child.status).signal, signal);
    assertEquals(await rest(), []);
    await untilGone(mark);
  });
}

Deno.test("winedeno that is killed takes along what it started", async () => {
  const mark = crypto.randomUUID();
  const { child, rest } = await start(
    `
    const child = new Deno.Command(Deno.execPath(), {
      args: ["eval", "console.log('ready'); setTimeout(() => {}, 60_000)", "child ${mark}"],
    }).spawn();
    await child.status;
  `,
    mark,
  );
  assertEquals((await run("pgrep", ["--full", `child ${mark}`])).code, 0);
  child.kill("SIGKILL");
  await child.status;
  await untilGone(mark);
  await rest();
});

Deno.test("winedeno on a terminal passes Ctrl-C on once", async () => {
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", `exec ${winedeno} eval '${CLEANING}'`, "/dev/null"],
    cwd: root,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  let seen = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const before = seen;
    seen += text;
    if (!before.includes("ready") && seen.includes("ready")) {
      await input.write(Uint8Array.of(3));
    }
  }
  await input.close().catch(() => {});
  assertEquals((await child.status).code, 42);
  assertEquals(seen.match(/interrupted/g)?.length, 1);
  assertStringIncludes(seen, "cleaned up");
});

Deno.test("winedeno's set-up can be interrupted, and two at once wait for one another", async () => {
  await using home = await temporaryFolder();
  const env = { WINEDENO_HOME: home.path };
  const args = ["--linux", "eval", "console.log('set up')"];

  const first = new Deno.Command(winedeno, {
    args,
    env: { ...OUTSIDE, ...env },
    stderr: "piped",
    stdin: "null",
  }).spawn();
  const said = [];
  for await (
    const line of first.stderr
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new TextLineStream())
  ) {
    said.push(line);
    if (line.includes("taking Deno")) first.kill("SIGINT");
  }
  assertEquals((await first.status).signal, "SIGINT");
  assertStringIncludes(said.at(-1)!, "the next use makes what is missing");
  const left = [...Deno.readDirSync(home.path)].map(({ name }) => name);
  assertEquals(left.filter((name) => name === "npm" || name.endsWith(".new")), []);

  const both = await Promise.all([1, 2].map(() => run(winedeno, args, { env })));
  assertEquals(both.map(({ code, out }) => [code, out]), [[0, "set up\n"], [0, "set up\n"]]);
  const [waited, made] = both.map(({ err }) => err).toSorted((a, b) => a.length - b.length);
  assertMatch(waited!, /^winedeno: waiting for another set-up of .*\n$/);
  assertMatch(made!, /taking Deno for Windows/);
  // And from then on it says nothing.
  assertEquals((await run(winedeno, args, { env })).err, "");
});

Deno.test("winedeno --doctor names what is broken", async () => {
  await using copy = await temporaryFolder();
  const home = `${copy.path}/home`;
  const original = Deno.env.get("WINEDENO_HOME") ?? `${root}.winedeno`;
  await run("cp", ["--archive", "--link", original, home]);
  const env = { WINEDENO_HOME: home };
  // A new file in each place: the old one is shared with the real set-up.
  const breakFile = async (path: string) => {
    await Deno.remove(`${home}/${path}`);
    await Deno.writeTextFile(`${home}/${path}`, "broken", { mode: 0o755 });
  };
  await breakFile("npm/node_modules/@deno/win32-x64/deno.exe");
  const [version] = [...Deno.readDirSync(`${home}/jsr/@std/assert`)].filter((e) => e.isDirectory);
  await breakFile(`jsr/@std/assert/${version!.name}/assert/mod.js`);
  const registry = `${home}/prefix/user.reg`;
  const text = await Deno.readTextFile(registry);
  await Deno.remove(registry);
  await Deno.writeTextFile(registry, text.replace('"Graphics"="null"', ""));
  // And one that is missing, which a doctor has to tell and not to mend.
  const compiler = "wine/root/usr/bin/x86_64-w64-mingw32-gcc";
  const hasCompiler = [...Deno.readDirSync(`${home}/wine`)].some(({ name }) => name === "root");
  if (hasCompiler) await Deno.remove(`${home}/${compiler}`);

  const { code, out } = await run(winedeno, ["--doctor"], { env });
  assertEquals(code, 1);
  for (const part of ["Deno for Windows", "jsr: imports on Linux", "Wine's C: drive"]) {
    assertStringIncludes(out, `BROKEN  ${part}`);
  }
  assertStringIncludes(out, "ok      Deno for Linux");
  assertStringIncludes(out, `rm -rf ${home}/npm`);
  assertFalse(out.includes("Everything works"));
  assertEquals(out.includes("BROKEN  the C compiler"), hasCompiler);
});
