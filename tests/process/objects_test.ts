import { assertEquals, assertRejects } from "@std/assert";
import {
  findWindow,
  inheritHandles,
  sendHandle,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  SharedSemaphore,
  spawn,
} from "../../mod.ts";
import { assertLeavesNoHandle } from "../support/leak.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

for (const starter of ["spawn", "inheritHandles"] as const) {
  Deno.test(`${starter}() lets a child inherit events, semaphores and mutexes`, async () => {
    using mutex = SharedMutex.anonymous();
    using event = SharedEvent.anonymous();
    using semaphore = SharedSemaphore.anonymous();
    const inherit = { mutex, event, semaphore };
    const script = peerUrl("process/peers/use_inherited_objects.ts").href;
    const args = ["run", "--no-prompt", "--allow-ffi", script];
    let output: Promise<string>;
    if (starter === "spawn") {
      const child = spawn(Deno.execPath(), { args, inherit, stdin: "null", stdout: "piped" });
      output = new Response(child.stdout).text();
    } else {
      using scope = inheritHandles(inherit);
      const command = new Deno.Command(Deno.execPath(), { args, env: scope.env, stdin: "null" });
      output = command.output().then(({ stdout }) => new TextDecoder().decode(stdout));
    }
    await event.wait(soon);
    assertEquals((await output).trim().split(/\r?\n/), ["InvalidData", "NotFound"]);
    for (let i = 0; i < 5; i++) await semaphore.wait({ timeout: 0 });
    using lock = await mutex.lock(soon);
    assertEquals(lock.abandoned, false);
  });
}

for (const form of ["push", "pull"] as const) {
  Deno.test(`sendHandle() passes events, semaphores and mutexes on by ${form}`, async () => {
    const name = randomName();
    await using peer = await Peer.start("process/peers/receive_objects.ts", name);
    const window = await findWindow({ class: name, ...soon });
    using mutex = SharedMutex.anonymous();
    using event = SharedEvent.anonymous();
    using semaphore = SharedSemaphore.anonymous();
    assertEquals(await sendHandle(window, event, { form, ...soon }), 1n);
    await event.wait({ timeout: 0 });
    assertEquals(await sendHandle(window, semaphore, { form, ...soon }), 2n);
    assertEquals(semaphore.release(), 3);
    assertEquals(await sendHandle(window, mutex, { form, ...soon }), 3n);
    // This cannot be tryLock(), because the peer's thread can still be releasing the mutex.
    (await mutex.lock(soon)).release();
    // From now on, the peer accepts only mutexes.
    using memory = SharedMemory.anonymous(1);
    for (const other of [event, memory]) {
      await assertRejects(
        () => sendHandle(window, other, { form, ...soon }),
        Deno.errors.ConnectionRefused,
        `refused a handle of ${other === event ? "event" : "memory"}`,
      );
      const noun = other === event ? "event" : "memory";
      assertEquals(
        await peer.nextLine(),
        `refused Cannot take a handle of ${noun}: { of: "mutex" } does not accept it`,
      );
    }
  });
}

Deno.test("InheritanceScope.close() leaves no handle of an object open", async () => {
  await assertLeavesNoHandle(10, () => {
    using event = SharedEvent.anonymous();
    using mutex = SharedMutex.anonymous();
    using scope = inheritHandles({ event, mutex });
    assertEquals(scope.env.WINIPC_INHERIT_event, `${scope.handles.event} event`);
  });
});
