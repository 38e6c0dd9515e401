import { channelFromParts, partsOf } from "../../src/channel/ring/channel.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { readSecurity, type Sddl, SECURITY_INFORMATION } from "../../ffi/security.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import {
  CopyDataListener,
  inheritHandles,
  receiveHandle,
  RingChannel,
  sendHandle,
  SharedEvent,
  SharedMemory,
  SharedMutex,
  type SharedObject,
  SharedSemaphore,
} from "../../mod.ts";
import { type Bits, compileC, type Compiled } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { Peer } from "../support/peer.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";

/** Rights that an elevated program can grant to everyone: to wait, and to read a section. */
const WAIT_ONLY: Sddl = ownedByAnother("D:P(A;;0x100005;;;WD)");

/**
 * Names the system as the owner on Wine. Wine 10 grants an owner all standard rights, also
 * SYNCHRONIZE; on Windows a user cannot name another owner.
 */
function ownedByAnother(sddl: Sddl): Sddl {
  return isWine() ? `O:SY${sddl}` : sddl;
}

async function compile(bits: Bits): Promise<Compiled> {
  return await compileC(peerUrl("sync/peers/rights.c"), { bits });
}

function denied(attempt: () => void, ...parts: string[]): void {
  const { message } = assertThrows(attempt, Deno.errors.PermissionDenied);
  for (const part of parts) assertStringIncludes(message, part);
}

peers.test('access "wait" opens and waits for objects that grant everyone only waiting', async (bits) => {
  await using program = await compile(bits);
  const name = randomName();
  await using peer = await Peer.startProgram(program.path, "keep", name, WAIT_ONLY);
  const advice = '{ access: "wait" } to wait for it only';
  denied(
    () => SharedEvent.open(`${name}.event`),
    `Cannot open event "Local\\${name}.event"`,
    "does not grant this user EVENT_MODIFY_STATE:",
    advice,
  );
  denied(() => SharedSemaphore.open(`${name}.semaphore`), "SEMAPHORE_MODIFY_STATE:", advice);
  denied(() => SharedEvent.openOrCreate(`${name}.event`), "EVENT_MODIFY_STATE");
  denied(
    () => SharedMemory.open(`${name}.section`, { access: "readwrite" }),
    'SECTION_MAP_WRITE: open it with { access: "read" } to read it only',
  );

  using event = SharedEvent.open(`${name}.event`, { access: "wait" });
  using semaphore = await SharedSemaphore.waitFor(`${name}.semaphore`, {
    access: "wait",
    ...soon,
  });
  using same = SharedEvent.openOrCreate(`${name}.event`, { access: "wait", owner: "anyone" });
  assertEquals([event.access, semaphore.access, same.access, same.created], [
    "wait",
    "wait",
    "wait",
    false,
  ]);
  await peer.send("go");
  await event.wait(soon);
  await semaphore.wait(soon);
  denied(() => event.set(), "Cannot set event", "ERROR_ACCESS_DENIED", "EVENT_MODIFY_STATE");
  denied(() => event.reset(), "Cannot reset event", "EVENT_MODIFY_STATE");
  denied(() => semaphore.release(), "Cannot release semaphore", "SEMAPHORE_MODIFY_STATE");
  // A mutex needs no right but SYNCHRONIZE, to lock and to release it.
  using mutex = SharedMutex.open(`${name}.mutex`);
  (await mutex.lock(soon)).release();
  using lock = await mutex.lock(soon);
  assertEquals([lock.abandoned, mutex.access], [false, "modify"]);
});

peers.test("An error of open() names each right that is missing", async (bits) => {
  await using program = await compile(bits);
  const [none, unknown] = [randomName(), randomName()];
  await using _none = await Peer.startProgram(
    program.path,
    "keep",
    none,
    ownedByAnother("D:P(A;;0x20001;;;WD)"),
  );
  denied(() => SharedEvent.open(`${none}.event`), "SYNCHRONIZE and EVENT_MODIFY_STATE");
  denied(
    () => SharedEvent.open(`${none}.event`, { access: "wait" }),
    "grant this user SYNCHRONIZE",
  );
  denied(() => SharedMutex.open(`${none}.mutex`), "does not grant this user SYNCHRONIZE");
  denied(() => SharedMemory.open(`${none}.section`), "does not grant this user SECTION_MAP_READ");
  // Denies READ_CONTROL to everyone and to the owner, so that the owner's name cannot be read.
  const sddl = ownedByAnother("D:P(A;;0x100006;;;WD)(A;;0x100000;;;OW)");
  await using _unknown = await Peer.startProgram(program.path, "keep", unknown, sddl);
  SharedEvent.open(`${unknown}.event`).close();
  denied(() => SharedEvent.open(`${unknown}.event`, { owner: "self" }), "this user READ_CONTROL");
  denied(
    () => SharedMemory.open(`${unknown}.section`, { owner: "self" }),
    "this user READ_CONTROL",
  );
});

Deno.test('An event with access "wait" keeps that access when its handle is passed on', async () => {
  const name = randomName();
  using _made = SharedEvent.create(name, { security: WAIT_ONLY });
  using event = SharedEvent.open(name, { access: "wait" });
  const received: SharedEvent[] = [];
  await using listener = await CopyDataListener.open({
    onMessage: (message) => {
      received.push(receiveHandle(message, { of: "event" }).object);
      return 1n;
    },
  });
  for (const form of ["push", "pull"] as const) {
    assertEquals(await sendHandle(listener, event, { form, ...soon }), 1n);
  }
  using scope = inheritHandles({ event });
  using duplicate = event.toInheritable();
  using pushed = received[0]!;
  using pulled = received[1]!;
  for (const object of [duplicate, pushed, pulled]) {
    assertEquals(object.access, "wait");
    denied(() => object.set(), "EVENT_MODIFY_STATE");
  }
  assertEquals(scope.env, { WINIPC_INHERIT_event: `${scope.handles["event"]} event` });
});

Deno.test("fromHandle() reads the access from the handle, and refuses a handle with another access than expected", () => {
  const name = randomName();
  using made = SharedEvent.create(name);
  using event = SharedEvent.open(name, { access: "wait" });
  for (const [object, access] of [[made, "modify"], [event, "wait"]] as const) {
    using duplicate = object.duplicateTo(Deno.pid);
    const other = access === "wait" ? "modify" : "wait";
    assertThrows(
      () => SharedEvent.fromHandle(duplicate.value, { access: other }),
      Deno.errors.InvalidData,
      `expected it to grant "${other}", it grants "${access}"`,
    );
    using taken = SharedEvent.fromHandle(duplicate.value, { access });
    assertEquals(taken.access, access);
  }
});

Deno.test("channelFromParts() refuses parts that the ends of the ring cannot write to or set", () => {
  const name = randomName();
  using channel = RingChannel.create(name, { capacity: 1024 });
  const { memory, data, space } = partsOf(channel);
  const parts = () => ({
    memory: SharedMemory.open(name, { access: "readwrite" }),
    data: SharedEvent.open(`${name}.data`),
    space: SharedEvent.open(`${name}.space`),
  });
  channelFromParts(parts()).close();
  denied(
    () => channelFromParts({ ...parts(), memory: SharedMemory.open(name) }),
    "its memory can only be read",
  );
  const wait = { access: "wait" } as const;
  denied(
    () => channelFromParts({ ...parts(), data: SharedEvent.open(`${name}.data`, wait) }),
    "its events can only be waited for",
  );
  denied(
    () => channelFromParts({ ...parts(), space: SharedEvent.open(`${name}.space`, wait) }),
    "its events can only be waited for",
  );
  assertEquals([memory.closed, data.closed, space.closed], [false, false, false]);
});

/** Returns an object's descriptor without this user's own entry, as it applies to another user. */
function forOthers(object: SharedObject | SharedMemory): Sddl {
  const dacl = readSecurity(object.unsafeHandle, SECURITY_INFORMATION.dacl);
  const everyone = /\(A;;[^;]*;;;WD\)/.exec(dacl);
  assert(everyone !== null, dacl);
  return ownedByAnother(`D:P${everyone[0]}`);
}

// Wine runs all programs as one user. So the test removes this user's own entry from the
// descriptors.
peers.test('security "everyone-full" admits programs that ask for all rights, but "everyone" does not', async (bits) => {
  await using program = await compile(bits);
  for (const security of ["everyone", "everyone-full"] as const) {
    const [name, own] = [randomName(), randomName()];
    using ownEvent = SharedEvent.create(own, { security });
    using ownSemaphore = SharedSemaphore.create(`${own}.s`, { security });
    using ownMutex = SharedMutex.create(`${own}.m`, { security });
    using ownMemory = SharedMemory.create(`${own}.c`, 4096, { security });
    const sddl = (object: SharedObject | SharedMemory) => {
      return { security: forOthers(object) };
    };
    using _event = SharedEvent.create(`${name}.event`, sddl(ownEvent));
    using _semaphore = SharedSemaphore.create(`${name}.semaphore`, sddl(ownSemaphore));
    using _mutex = SharedMutex.create(`${name}.mutex`, sddl(ownMutex));
    using _memory = SharedMemory.create(`${name}.section`, 4096, sddl(ownMemory));
    const { stdout } = await new Deno.Command(program.path, { args: ["create", name] }).output();
    // 5 is ERROR_ACCESS_DENIED. 183 is ERROR_ALREADY_EXISTS: with it, and with 0, the call
    // succeeded.
    const expected = security === "everyone"
      ? ["5 5 5 5", "5 5 5 5"]
      : ["183 183 183 183", "0 0 0 0"];
    assertEquals(new TextDecoder().decode(stdout).trim().split(/\r?\n/), expected, security);
    // Both admit programs that ask only for the rights that they need.
    SharedEvent.open(`${name}.event`).close();
    SharedSemaphore.open(`${name}.semaphore`).close();
    SharedMutex.open(`${name}.mutex`).close();
    SharedMemory.open(`${name}.section`, { access: "readwrite" }).close();
  }
});
