// Tests tools/winedeno by the Deno for Linux: tools/winedeno --linux task test:winedeno

import { assert, assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { TextLineStream } from "@std/streams";

const root = new URL("../", import.meta.url).pathname;
const winedeno = `${root}tools/winedeno`;

// winedeno set these variables for this process. Emptied, because the tested winedeno must set its
// own.
const OUTSIDE = { JSR_URL: "", DENO_CERT: "" };

interface Options {
  cwd?: string;
  env?: Record<string, string>;
  stdin?: Uint8Array<ArrayBuffer>;
}

/** Runs a command until it ends. */
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

/** Starts winedeno with a script, and waits until the script prints "ready". */
function start(script: string, ...args: string[]) {
  return startWith(["eval", script, ...args]);
}

/** Starts winedeno, and waits until its script prints "ready". */
async function startWith(args: string[], env: Record<string, string> = {}) {
  const child = new Deno.Command(winedeno, {
    args,
    cwd: root,
    stdin: "null",
    stdout: "piped",
    env: { ...OUTSIDE, ...env },
  }).spawn();
  const lines = child.stdout
    .pipeThrough(new TextDecoderStream())
    .pipeThrough(new TextLineStream())
    .getReader();
  assertEquals((await lines.read()).value, "ready");
  return {
    child,
    /** Returns the lines that the script prints until it ends. */
    async rest(): Promise<string[]> {
      const all = [];
      for (let line; !(line = await lines.read()).done;) all.push(line.value);
      return all;
    },
  };
}

/** Waits until no process has this text in its command line. */
async function untilGone(text: string): Promise<void> {
  const deadline = performance.now() + 20_000;
  while ((await run("pgrep", ["--full", text])).code === 0) {
    assert(performance.now() < deadline, `a process with "${text}" is still there`);
  }
}

/** Waits until the wineserver of a C: drive has ended. Before, it writes the registry there. */
async function untilServerEnds(drive: string): Promise<void> {
  // Wine names the server's folder by the number of the drive's folder.
  const { ino } = await Deno.stat(drive);
  const find = 'ls -l /proc/[0-9]*/cwd 2>&1 | grep --quiet "/server-[0-9a-f]*-$0$"';
  const deadline = performance.now() + 20_000;
  while ((await run("sh", ["-c", find, ino!.toString(16)])).code === 0) {
    assert(performance.now() < deadline, `the wineserver of ${drive} is still there`);
  }
}

/** Returns the number of a port that is free now. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** The text in the command lines of a server at a port. */
function serverAt(port: number): string {
  return `nats-server --addr 127.0.0.1 --port ${port} `;
}

/** Returns the folders in which servers of winedeno store their streams. */
function natsStores(): string[] {
  const home = Deno.env.get("WINEDENO_HOME") ?? `${root}.winedeno`;
  return [...Deno.readDirSync(`${home}/run`)].map(({ name }) => name)
    .filter((name) => name.startsWith("nats."));
}

/** Creates a folder that is removed at the end of the test. */
async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir({ prefix: "winedeno test " });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("winedeno runs Deno for Windows, and passes on its output and exit code", async () => {
  const { code, out, err } = await run(winedeno, [
    "eval",
    "console.log(Deno.build.os, Deno.args); console.error('to stderr'); Deno.exit(42)",
  ]);
  assertEquals([code, out.trim(), err.trim()], [42, "windows []", "to stderr"]);
});

Deno.test("winedeno passes arguments on unchanged", async () => {
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

Deno.test("winedeno keeps the working directory, with Wine's name for it", async () => {
  await using folder = await temporaryFolder();
  const { out } = await run(winedeno, ["eval", "console.log(Deno.cwd())"], { cwd: folder.path });
  assertEquals(out.trim(), `Z:${folder.path.replaceAll("/", "\\")}`);
});

Deno.test("winedeno passes standard input and output on unchanged", async () => {
  const stdin = new Uint8Array(2 ** 20);
  for (let at = 0; at < stdin.length; at += 65_536) {
    crypto.getRandomValues(stdin.subarray(at, at + 65_536));
  }
  const script = "await Deno.stdin.readable.pipeTo(Deno.stdout.writable)";
  const { code, stdout, err } = await run(winedeno, ["eval", script], { stdin });
  assertEquals([code, err, stdout.length], [0, "", stdin.length]);
  assert(stdout.every((byte, index) => byte === stdin[index]));
});

Deno.test("winedeno passes the machine's certificates on in DENO_CERT", async () => {
  const file = `${root}LICENSE`;
  const script = "console.log(Deno.env.get('DENO_CERT'))";
  const { out } = await run(winedeno, ["eval", script], {
    env: { SSL_CERT_FILE: file },
  });
  assertEquals(out.trim(), `Z:${file.replaceAll("/", "\\")}`);
});

// Wine's Unix side writes to descriptor 2: its debug output, and lines about crashes. It also
// writes lines about threads whose process is being killed, but too rarely for a test.
const CHATTERING = `
  const { symbols } = Deno.dlopen("ntdll.dll", {
    __wine_dbg_output: { parameters: ["buffer"], result: "i32" },
  });
  const chatter = () => symbols.__wine_dbg_output(new TextEncoder().encode("wine client error\\n\\0"));
`;

Deno.test("winedeno passes on the stderr of programs in order, without Wine's own lines", async () => {
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
  // Both outputs go to one file, so that the test sees their order.
  const shell = 'exec "$0" eval "$1" 2>&1';
  const { code, out, err } = await run("sh", ["-c", shell, winedeno, script]);
  const lines = Array.from(
    { length: 50 },
    (_, line) => `error ${line}\noutput ${line}\nwine client error:`,
  );
  assertEquals([code, err], [5, ""]);
  assertEquals(out, `${lines.join("")}the child's\nit crashed: true\n`);
});

Deno.test("winedeno keeps a terminal a terminal, without Wine's own lines", async () => {
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

Deno.test("winedeno works with a closed standard error", async () => {
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

Deno.test("winedeno lets a script clean up after SIGINT, and returns the exit code of the script", async () => {
  const { child, rest } = await start(CLEANING);
  child.kill("SIGINT");
  assertEquals(await rest(), ["interrupted", "cleaned up"]);
  assertEquals((await child.status).code, 42);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`winedeno ends by ${signal} if its script does not listen to that signal`, async () => {
    const mark = crypto.randomUUID();
    const { child, rest } = await start('setTimeout(() => {}, 60_000); console.log("ready")', mark);
    child.kill(signal);
    assertEquals((await child.status).signal, signal);
    assertEquals(await rest(), []);
    await untilGone(mark);
  });
}

Deno.test("winedeno ends its script and child processes when it is killed", async () => {
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

Deno.test("winedeno passes a Ctrl-C of the terminal on exactly once", async () => {
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

/** Prints what the server at a port says of itself. */
const GREETING = `
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(Deno.args[0]) });
  const { value } = await connection.readable.getReader().read();
  const { port, jetstream } = JSON.parse(new TextDecoder().decode(value).slice("INFO ".length));
`;

Deno.test("winedeno --nats runs a NATS server with streams until its script ends", async () => {
  const port = freePort();
  const before = natsStores();
  const script = `${GREETING} console.log(port, jetstream); Deno.exit(42)`;
  const { code, out, err } = await run(winedeno, ["--nats", "eval", script, `${port}`], {
    env: { WINEDENO_NATS_PORT: `${port}` },
  });
  assertEquals([code, out, err], [42, `${port} true\n`, ""]);
  assertEquals((await run("pgrep", ["--full", serverAt(port)])).code, 1);
  assertEquals(natsStores(), before);
});

for (const signal of ["SIGINT", "SIGKILL"] as const) {
  Deno.test(`winedeno --nats ends its server when it is ended by ${signal}`, async () => {
    const port = freePort();
    const before = natsStores();
    const script = `${GREETING} setTimeout(() => {}, 60_000); console.log("ready")`;
    const { child, rest } = await startWith(["--nats", "eval", script, `${port}`], {
      WINEDENO_NATS_PORT: `${port}`,
    });
    assertEquals((await run("pgrep", ["--full", serverAt(port)])).code, 0);
    child.kill(signal);
    assertEquals((await child.status).signal, signal);
    assertEquals(await rest(), []);
    await untilGone(serverAt(port));
    // A killed winedeno cannot delete the folder.
    const left = natsStores().filter((name) => !before.includes(name));
    assertEquals(left.length, signal === "SIGKILL" ? 1 : 0);
    const home = Deno.env.get("WINEDENO_HOME") ?? `${root}.winedeno`;
    for (const name of left) await Deno.remove(`${home}/run/${name}`, { recursive: true });
  });
}

Deno.test("winedeno --nats says that its port is taken, and does not run the script", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  const before = natsStores();
  const { code, out, err } = await run(winedeno, ["--nats", "eval", "console.log('runs')"], {
    env: { WINEDENO_NATS_PORT: `${port}` },
  });
  assertEquals([code, out], [1, ""]);
  assertEquals(
    err,
    `winedeno: another program has the port 127.0.0.1:${port}, perhaps another nats-server. ` +
      "End it, or name another port in WINEDENO_NATS_PORT\n",
  );
  assertEquals(natsStores(), before);
});

Deno.test("winedeno makes another C: drive in WINEDENO_PREFIX, and replaces no other folder", async () => {
  await using folder = await temporaryFolder();
  const mark = crypto.randomUUID();
  const read = (name: string) =>
    `try { console.log(Deno.readTextFileSync("C:\\\\${name}")) } catch (e) { console.log(e.name) }`;
  const write = `Deno.writeTextFileSync("C:\\\\${mark}", "written");`;
  const second = `${folder.path}/machines/second`;
  const env = { WINEDENO_PREFIX: second };
  const made = await run(winedeno, ["eval", write + read(mark)], { env });
  assertEquals([made.code, made.out], [0, "written\n"]);
  const home = Deno.env.get("WINEDENO_HOME") ?? `${root}.winedeno`;
  assertEquals(
    made.err,
    `winedeno: preparing another C: drive in ${second}\nwinedeno: ready; all parts are in ${home}\n`,
  );
  const [again, first, refused] = await Promise.all([
    run(winedeno, ["eval", read(mark)], { env }),
    run(winedeno, ["eval", read(mark)]),
    run(winedeno, ["eval", read(mark)], { env: { WINEDENO_PREFIX: folder.path } }),
  ]);
  assertEquals([again.out, again.err], ["written\n", ""]);
  assertEquals([first.out, first.err], ["NotFound\n", ""]);
  assertEquals([refused.code, refused.out], [1, ""]);
  assertStringIncludes(refused.err, `WINEDENO_PREFIX is ${folder.path}, which has other files`);
  await untilServerEnds(second);
});

Deno.test("winedeno's set-up can be interrupted, and a second set-up waits for the first", async () => {
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
  assertStringIncludes(said.at(-1)!, "the next use makes the missing parts");
  const left = [...Deno.readDirSync(home.path)].map(({ name }) => name);
  assertEquals(left.filter((name) => name === "npm" || name.endsWith(".new")), []);

  const both = await Promise.all([1, 2].map(() => run(winedeno, args, { env })));
  assertEquals(both.map(({ code, out }) => [code, out]), [[0, "set up\n"], [0, "set up\n"]]);
  const [waited, made] = both.map(({ err }) => err).toSorted((a, b) => a.length - b.length);
  assertMatch(waited!, /^winedeno: waiting for another set-up of .*\n$/);
  assertMatch(made!, /taking Deno for Windows/);
  // After the set-up, winedeno prints nothing of its own.
  assertEquals((await run(winedeno, args, { env })).err, "");
});

Deno.test("Deno for Windows begins its sections at pages of the file, so that Wine maps them", async () => {
  const home = Deno.env.get("WINEDENO_HOME") ?? `${root}.winedeno`;
  using file = await Deno.open(`${home}/npm/node_modules/@deno/win32-x64/deno.exe`);
  const header = new DataView(new ArrayBuffer(4096));
  await file.read(new Uint8Array(header.buffer));
  const start = header.getUint32(0x3c, true);
  const firstSection = start + 24 + header.getUint16(start + 20, true);
  const offsets = Array.from(
    { length: header.getUint16(start + 6, true) },
    (_, index) => header.getUint32(firstSection + index * 40 + 20, true),
  );
  assert(offsets.length > 4);
  assertEquals(offsets.filter((offset) => offset % 4096 !== 0), []);
});

/** Runs an emulated Deno, again if its process crashed while it ended: see docs/testing.md. */
async function runEmulated(args: string[]) {
  for (let tries = 1;; tries++) {
    const result = await run(winedeno, ["--arm64", ...args]);
    if (result.signal !== "SIGSEGV" && result.code !== 139 || tries === 3) return result;
  }
}

Deno.test("winedeno --arm64 runs Deno for ARM64, and passes on its output and exit code", async () => {
  const script =
    "console.log(Deno.build.os, Deno.build.arch); console.error('to stderr'); Deno.exit(42)";
  // The first use makes the parts, and says so.
  await runEmulated(["eval", ""]);
  const { code, out, err } = await runEmulated(["eval", script]);
  assertEquals([code, out, err], [42, "windows aarch64\n", "to stderr\n"]);
});

Deno.test("winedeno --arm64 passes on a crash without the lines of Wine and of qemu", async () => {
  const { code, out, err } = await runEmulated([
    "eval",
    "console.log('before'); new Deno.UnsafePointerView(Deno.UnsafePointer.create(16n)).getUint8()",
  ]);
  assertEquals([code, out, err], [5, "before\n", ""]);
});

Deno.test("winedeno --arm64 lets a script clean up after SIGINT", async () => {
  const { child, rest } = await startWith(["--arm64", "eval", CLEANING]);
  child.kill("SIGINT");
  assertEquals(await rest(), ["interrupted", "cleaned up"]);
  await child.status;
});

Deno.test("winedeno --arm64 ends by SIGTERM, and its processes end when it is killed", async () => {
  const mark = crypto.randomUUID();
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const script = 'setTimeout(() => {}, 60_000); console.log("ready")';
    const { child, rest } = await startWith(["--arm64", "eval", script, mark]);
    assertEquals((await run("pgrep", ["--full", mark])).code, 0);
    child.kill(signal);
    assertEquals((await child.status).signal, signal);
    assertEquals(await rest(), []);
    await untilGone(mark);
  }
});

Deno.test("winedeno --doctor names the broken parts", async () => {
  await using copy = await temporaryFolder();
  const home = `${copy.path}/home`;
  const original = Deno.env.get("WINEDENO_HOME") ?? `${root}.winedeno`;
  await run("cp", ["--archive", "--link", original, home]);
  const env = { WINEDENO_HOME: home };
  // Writes a new file, because the old file is shared with the real set-up by a hard link.
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
  // Removes one file, which the doctor must report and not repair.
  const compiler = "wine/root/usr/bin/x86_64-w64-mingw32-gcc";
  const hasCompiler = [...Deno.readDirSync(`${home}/wine`)].some(({ name }) => name === "root");
  if (hasCompiler) {
    await Deno.remove(`${home}/${compiler}`);
    await Deno.remove(`${home}/${compiler.replace("x86_64", "i686")}`);
    await breakFile("wine/root/usr/sbin/nats-server");
  }

  const { code, out } = await run(winedeno, ["--doctor"], { env });
  assertEquals(code, 1);
  for (const part of ["Deno for Windows", "jsr: imports on Linux", "Wine's C: drive"]) {
    assertStringIncludes(out, `BROKEN  ${part}`);
  }
  assertStringIncludes(out, "ok      Deno for Linux");
  assertStringIncludes(out, `rm -rf ${home}/npm`);
  assertFalse(out.includes("Everything works"));
  assertEquals(out.includes("BROKEN  the C compiler"), hasCompiler);
  assertEquals(out.includes("BROKEN  32-bit programs"), hasCompiler);
  assertEquals(out.includes("BROKEN  nats-server"), hasCompiler);
});
