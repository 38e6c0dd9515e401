import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertLess,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { environmentVariable } from "../../ffi/process_thread.ts";
import { GENERIC_WRITE, openExistingFile } from "../../ffi/file.ts";
import { Handle } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { type HandleValues, SharedMemory, spawn, type SpawnOptions } from "../../mod.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { peers } from "../support/peers.ts";
import { Peer } from "../support/peer.ts";
import { randomArgs } from "./random_args.ts";
import { openStartReporter } from "./start_reporter.ts";
import { peerUrl } from "../support/peer_url.ts";
import { removeFolder } from "../support/remove_folder.ts";

peers.test("spawn() passes arguments to the child unchanged", async (bits) => {
  await using reporter = await openStartReporter(bits);
  for (let i = 0; i < (bits === 32 ? 4 : 20); i++) {
    const args = randomArgs();
    await using child = reporter.start({ args });
    assertEquals(
      await child.status,
      { success: true, code: 0, signal: null },
      JSON.stringify(args),
    );
    assertEquals(reporter.read().args, args);
  }
});

peers.test("spawn() lets the child inherit only the named handles", async (bits) => {
  await using reporter = await openStartReporter(bits);
  using other = SharedMemory.anonymous(4096, { inheritable: true });
  using named = SharedMemory.anonymous(4096);
  const started = async (args: SpawnOptions["args"] & object) => {
    await using child = reporter.start({ args, inherit: { named } });
    assertEquals((await child.status).code, 0);
    return reporter.read();
  };
  // The handle's value is an argument.
  const { args, more } = await started(({ named }) => ["--handle", `${named}`]);
  assertEquals([args[0], more], ["--handle", ["open"]]);
  const { more: others } = await started(["--handle", `${other.unsafeHandle}`]);
  assertEquals(others, ["closed"]);
});

peers.test("spawn() starts the child with the given environment and current directory", async (bits) => {
  await using reporter = await openStartReporter(bits);
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    const names = ["WINIPC_ONE", "winipc_two", "SystemRoot", "path"];
    const env = { WINIPC_ONE: "eins, ß 数=", WINIPC_TWO: "zwei", PATH: "C:\\nowhere" };
    await using child = reporter.start({ args: ["--env", ...names], env, cwd: folder });
    await child.status;
    const { more } = reporter.read();
    assertEquals(more.slice(0, 2), [env.WINIPC_ONE, env.WINIPC_TWO]);
    assert(more[2]!.toLowerCase().endsWith("windows"), more[2]);
    assertEquals([more[3], more[4]?.toLowerCase()], [env.PATH, folder.toLowerCase()]);
    await using bare = reporter.start({ args: ["--env", "WINIPC_ONE"], clearEnv: true, env });
    await bare.status;
    assertEquals(reporter.read().more[0], env.WINIPC_ONE);
  } finally {
    await removeFolder(folder);
  }
});

Deno.test("spawn() passes many of the longest variables to the child whole, and refuses longer ones", async () => {
  await using reporter = await openStartReporter();
  const longest = "v".repeat(32_766);
  const names = Array.from({ length: 8 }, (_, index) => `WINIPC_LONG_${index}`);
  const env = Object.fromEntries(names.map((name) => [name, longest]));
  await using child = reporter.start({ args: ["--env", ...names], env });
  assertEquals((await child.status).code, 0);
  assertEquals(
    reporter.read().more.slice(0, -1).map(({ length }) => length),
    names.map(() => 32_766),
  );
  // A child of Deno.Command gets such a value, and reads another value under Wine.
  for (const length of [32_767, 40_000, 65_536 + 5]) {
    assertThrows(
      () => reporter.start({ env: { WINIPC_LONG: "v".repeat(length) } }),
      RangeError,
      `at most 32766 characters, got ${length} (WINIPC_LONG)`,
    );
  }
});

peers.test("ChildProcess.status has the exit code, also after kill(), an abort or a dispose", async (bits) => {
  await using reporter = await openStartReporter(bits);
  assertEquals(await reporter.start({ args: ["--exit"] }).status, {
    success: false,
    code: 77,
    signal: null,
  });
  const killed = reporter.start({ args: ["--wait"] });
  killed.kill();
  assertEquals(await killed.status, { success: false, code: 1, signal: null });
  killed.kill("SIGKILL");
  const controller = new AbortController();
  const aborted = reporter.start({ args: ["--wait"], signal: controller.signal });
  controller.abort();
  assertEquals((await aborted.status).code, 1);
  const started = performance.now();
  {
    await using _child = reporter.start({ args: ["--wait"] });
  }
  assertLess(performance.now() - started, 20_000);
  const reason = new Error("no");
  const error = assertThrows(() => reporter.start({ signal: AbortSignal.abort(reason) }));
  assertEquals(error, reason);
});

Deno.test("spawn() throws NotFound for a missing file, and InvalidData for a file that is not a program", async () => {
  assertThrows(
    () => spawn("winipc-is-no-program"),
    Deno.errors.NotFound,
    'Cannot find the program "winipc-is-no-program"',
  );
  assertThrows(() => spawn("C:\\winipc\\none.exe"), Deno.errors.NotFound, "CreateProcessW");
  const file = await Deno.makeTempFile({ prefix: "winipc-", suffix: ".exe" });
  try {
    await Deno.writeTextFile(file, "no program at all");
    const error = assertThrows(() => spawn(file));
    assertInstanceOf(error, Deno.errors.InvalidData);
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("spawn() throws Busy if another handle has the program open without sharing", async () => {
  const path = await Deno.makeTempFile({ prefix: "winipc-", suffix: ".exe" });
  try {
    const attempt = "Cannot open it";
    using _alone = openExistingFile(path, {
      access: GENERIC_WRITE,
      share: 0,
      kind: "file",
      attempt,
    });
    assertThrows(() => spawn(path), Deno.errors.Busy, "CreateProcessW failed");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("spawn() finds a program by its path, by its name, and without its extension", async () => {
  const system = `${environmentVariable("SystemRoot")}\\system32`;
  for (const command of [`${system}\\cmd.exe`, `${system}\\cmd`, "cmd.exe", "cmd"]) {
    assertEquals((await spawn(command, { args: ["/c", "exit 3"] }).status).code, 3, command);
  }
});

peers.test("spawn() with windowsRawArguments joins arguments without quoting", async (bits) => {
  await using reporter = await openStartReporter(bits);
  const args = ['a"b c"d', "e\\", "f"];
  await using child = reporter.start({ args, windowsRawArguments: true });
  await child.status;
  assertEquals(reporter.read().args, ["ab cd", "e\\", "f"]);
});

Deno.test("spawn() does not search the current directory", async () => {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const before = Deno.cwd();
  try {
    await Deno.writeTextFile(`${folder}\\winipc-here.exe`, "");
    Deno.chdir(folder);
    assertThrows(() => spawn("winipc-here"), Deno.errors.NotFound, "is not searched");
  } finally {
    Deno.chdir(before);
    await removeFolder(folder);
  }
});

Deno.test("spawn() runs batch files, and refuses arguments that cmd.exe can read with another meaning", async () => {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  try {
    // The folder has signs as in "Program Files (x86)", and "&" too.
    const inner = `${folder}\\a & b (x86)`;
    await Deno.mkdir(inner);
    const batch = `${inner}\\exit.cmd`;
    await Deno.writeTextFile(batch, "@exit /b %1\r\n");
    assertEquals((await spawn(batch, { args: ["42", "two words"] }).status).code, 42);
    for (const arg of ['"', "%PATH%", "a&calc", "a|b", "a>b", "^", "!x!", "a\nb", "(x)"]) {
      const refusal = assertThrows(
        () => spawn(batch, { args: [arg] }),
        TypeError,
        "to a batch file",
      );
      assertStringIncludes(
        refusal.message,
        `can give ${JSON.stringify(/[^a-z]/.exec(arg)![0])} another meaning`,
      );
      assertThrows(() => spawn(`${batch} . `, { args: [arg] }), TypeError, "to a batch file");
    }
  } finally {
    await removeFolder(folder);
  }
});

Deno.test("spawn() with killWithParent ends the child when its parent is killed", async () => {
  for (const [how, survives] of [["killWithParent", false], ["", true]] as const) {
    await using reporter = await openStartReporter();
    const script = peerUrl("process/peers/spawner.ts").href;
    const flags = ["--no-prompt", "--allow-ffi"];
    const parent = await Peer.startProgram(
      Deno.execPath(),
      "run",
      ...flags,
      script,
      reporter.path,
      how,
    );
    const pid = Number(await parent.nextLine());
    parent.kill();
    await parent.gone();
    await parent[Symbol.asyncDispose]();
    using process = openToWait(pid);
    const gone = kernel32Wait(process, survives ? 300 : 20_000);
    assertEquals(gone, !survives, how);
    if (survives) kernel32().TerminateProcess(process.value, 1);
  }
});

Deno.test("ChildProcess.unref() lets this process end before the child, which otherwise keeps it alive", async () => {
  await using reporter = await openStartReporter();
  for (const how of ["unref", "wait"]) {
    const script = peerUrl("process/peers/spawner.ts").href;
    const flags = ["--no-prompt", "--allow-ffi"];
    await using parent = await Peer.startProgram(
      Deno.execPath(),
      ...["run", ...flags, script, reporter.path, how],
    );
    const pid = Number(await parent.nextLine());
    if (how === "unref") {
      assertEquals((await parent.gone()).code, 0);
      using child = openToWait(pid);
      assertFalse(kernel32Wait(child, 0));
      kernel32().TerminateProcess(child.value, 1);
    } else {
      using child = openToWait(pid);
      kernel32().TerminateProcess(child.value, 1);
      assertEquals(await parent.nextLine(), "ended with 1");
      assertEquals((await parent.gone()).code, 0);
    }
  }
});

Deno.test("spawn() leaves no handle open", async () => {
  await using reporter = await openStartReporter();
  await assertLeavesNoHandle(10, async () => {
    await reporter.start({ stdin: "null", stdout: "null", stderr: "null" }).status;
    assertThrows(() => spawn("C:\\winipc\\none.exe", { inherit: { x: reporter.memory } }));
  });
});

Deno.test("spawn() refuses invalid options", async () => {
  await using reporter = await openStartReporter();
  const wrong: object[] = [
    { args: ["a\0b"] },
    { args: [5] },
    { env: { "a=b": "c" } },
    { env: { "": "c" } },
    { env: { a: "b\0" } },
    { env: saysSomethingElse("b", "b\0EVIL=1") },
    { stdin: "pipe" },
    { inherit: { "a b": reporter.memory } },
    { cwd: "a\0" },
  ];
  for (const options of wrong) {
    assertThrows(() => spawn(reporter.path, options as SpawnOptions), TypeError);
  }
  const tooLong = "x".repeat(40_000);
  const windowsRawArguments = true;
  for (const options of [{ args: [tooLong] }, { args: [tooLong], windowsRawArguments }]) {
    assertThrows(
      () => reporter.start(options),
      RangeError,
      "Expected a command line of at most 32766",
    );
  }
  assertThrows(
    () => reporter.start({ cwd: `C:\\${tooLong}` }),
    RangeError,
    "Expected cwd to have at most",
  );
  assertThrows(() => spawn('C:\\a"b'), TypeError, "without quotation marks");
  await assertRejects(async () => await Promise.reject(spawn("a\0b")), TypeError);
  assertFalse(reporter.memory.closed);
});

const SYNCHRONIZE_AND_TERMINATE = 0x10_0001;

function openToWait(pid: number): Handle {
  return new Handle(kernel32().OpenProcess(SYNCHRONIZE_AND_TERMINATE, 0, pid), "process");
}

function kernel32Wait(process: Handle, milliseconds: number): boolean {
  const library = Deno.dlopen("kernel32.dll", {
    WaitForSingleObject: { parameters: ["usize", "u32"], result: "u32" },
  });
  try {
    return process.value !== 0n &&
      library.symbols.WaitForSingleObject(process.value, milliseconds) === 0;
  } finally {
    library.close();
  }
}

/** Returns an environment whose variable has another value when it is read again. */
function saysSomethingElse(first: string, later: string): Record<string, string> {
  const values = [first];
  return {
    get a() {
      return values.pop() ?? later;
    },
  };
}

Deno.test("spawn() passes the handles' values to a function of arguments that cannot change them", () => {
  using memory = SharedMemory.anonymous(64);
  const args = (handles: HandleValues) => {
    (handles as Record<string, bigint>).numbers = 4n;
    return ["/c", "exit"];
  };
  assertThrows(() => spawn("cmd", { args, inherit: { numbers: memory } }), TypeError, "read only");
});
