import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { RingChannel } from "../../../mod.ts";
import { openLibrary } from "../../support/open_library.ts";
import { Peer } from "../../support/peer.ts";
import { randomName } from "../../support/random_name.ts";
import { soon } from "../../support/soon.ts";

const PROCESS_SUSPEND_RESUME = 0x800;

/** Suspends a process until the result is disposed of, as a debugger or the task manager does. */
function suspend(pid: number): Disposable {
  const kernel32 = openLibrary("kernel32.dll", {
    OpenProcess: { parameters: ["u32", "i32", "u32"], result: "usize" },
    CloseHandle: { parameters: ["usize"], result: "i32" },
  });
  const ntdll = openLibrary("ntdll.dll", {
    NtSuspendProcess: { parameters: ["usize"], result: "i32" },
    NtResumeProcess: { parameters: ["usize"], result: "i32" },
  });
  const process = kernel32.symbols.OpenProcess(PROCESS_SUSPEND_RESUME, 0, pid);
  assertEquals(ntdll.symbols.NtSuspendProcess(process), 0);
  return {
    [Symbol.dispose]() {
      assertEquals(ntdll.symbols.NtResumeProcess(process), 0);
      kernel32.symbols.CloseHandle(process);
      kernel32[Symbol.dispose]();
      ntdll[Symbol.dispose]();
    },
  };
}

Deno.test("A suspended sender with the producer lock is named in TimedOut, and loses no message", async () => {
  const name = randomName();
  using channel = RingChannel.create(name, { producers: "multiple" });
  using receiver = channel.receiver();
  using sender = channel.sender();
  sender.sendSync(Uint8Array.of(1));
  await using peer = await Peer.start("channel/ring/peers/end.ts", "claimer", name);
  {
    using _suspension = suspend(peer.pid);
    // Earlier messages arrive. A timeout or a signal ends the waits of the other senders.
    assertEquals(await receiver.receive(soon), Uint8Array.of(1));
    const who = `process ${peer.pid} has the producer lock`;
    const late = { timeout: 50 };
    assertEquals(sender.trySend(Uint8Array.of(2)), false);
    assertThrows(() => sender.sendSync(Uint8Array.of(2), late), Deno.errors.TimedOut, who);
    await assertRejects(() => sender.send(Uint8Array.of(2), late), Deno.errors.TimedOut, who);
    const signal = AbortSignal.timeout(50);
    await assertRejects(() => sender.send(Uint8Array.of(2), { signal }), DOMException);
  }
  // After the suspension, all senders continue.
  const sent = sender.send(Uint8Array.of(3), soon);
  await peer.send("commit");
  await sent;
  assertEquals(await receiver.receive(soon), Uint8Array.of(9));
  assertEquals(await receiver.receive(soon), Uint8Array.of(3));
});
