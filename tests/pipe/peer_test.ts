import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Handle } from "../../ffi/handle.ts";
import { currentUserSid } from "../../ffi/security.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import { connectPipe, listenPipe, type PipeConnection } from "../../src/pipe/mod.ts";
import { poll } from "../../src/wait/options.ts";
import { openLibrary } from "../support/open_library.ts";
import { Peer } from "../support/peer.ts";
import { randomName } from "../support/random_name.ts";
import { soon } from "../support/soon.ts";
import { readText } from "./bytes.ts";
import { connectCClient, expectAnswer, startCServer } from "./c_peers.ts";
import { openBoth } from "./open_both.ts";

/** Kills a peer, and waits until its process id belongs to no process. */
async function endOf(peer: Peer, connection: PipeConnection): Promise<void> {
  peer.kill();
  await peer.gone();
  // Deno keeps the process for a moment.
  const look = () => connection.peer.imagePath === undefined || undefined;
  await poll("the end of the process", look, soon);
}

for (const ours of ["server", "client"] as const) {
  Deno.test(`PipeConnection.peer has the id, the session and the program of a process in C, as ${ours}`, async () => {
    await using both = await openBoth(ours);
    const { connection, peer } = both;
    assertEquals(connection.peer.pid, peer.pid);
    assertEquals(typeof connection.peer.sessionId, "number");
    const program = ours === "server" ? "pipe_client.exe" : "pipe_server.exe";
    assert(connection.peer.imagePath?.endsWith(`\\${program}`), connection.peer.imagePath);
    await endOf(peer, connection);
    assertEquals(connection.peer.pid, peer.pid);
  });

  Deno.test(`PipeConnection.peerUser() returns this user, as ${ours}`, async () => {
    await using both = await openBoth(ours);
    assertEquals(await both.connection.peerUser(), currentUserSid());
  });
}

Deno.test("Two Deno processes see each other's process and user", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  await using peer = await Peer.start("pipe/peers/end.ts");
  await expectAnswer(peer, `connect ${name}`, "connected");
  await using connection = await listener.accept(soon);
  assertEquals(connection.peer.pid, peer.pid);
  assertMatch(connection.peer.imagePath ?? "", /\\deno\.exe$/i);
  assertEquals(await connection.peerUser(), currentUserSid());
  await expectAnswer(peer, "pid", `${Deno.pid}`);
  await expectAnswer(peer, "user", currentUserSid());
  // A session is the same for all processes of a user, and its number is Windows' own.
  await using client = await connectPipe(name, soon);
  assertEquals(client.peer.sessionId, connection.peer.sessionId);
});

Deno.test("PipeConnection.peerUser() asks the pipe's client if the process is gone, after the first read only", async () => {
  const name = randomName();
  using listener = listenPipe({ name });
  await using client = await connectCClient(name);
  await using connection = await listener.accept(soon);
  assertEquals(await client.ask("write 616263"), "wrote 3 0");
  await endOf(client, connection);
  // Wine can tell at once.
  if (isWine()) assertEquals(await connection.peerUser(), currentUserSid());
  else {
    const error = await assertRejects(() => connection.peerUser(), Deno.errors.PermissionDenied);
    assertMatch(error.message, /Windows allows that after the first read from the pipe/);
  }
  assertEquals(await readText(connection), "abc");
  assertEquals(await connection.peerUser(), currentUserSid());
});

Deno.test("PipeConnection.peerUser() of a client returns the pipe's owner if the server's process is gone", async () => {
  const name = randomName();
  const self = currentUserSid();
  await using server = await startCServer(name, { sddl: `O:${self}D:P(A;;GA;;;${self})` });
  await using connection = await connectPipe(name, soon);
  await endOf(server, connection);
  assertEquals(await connection.peerUser(), self);
});

/** Returns whether this thread acts as another user. */
function isImpersonating(advapi32: ReturnType<typeof openTokens>): boolean {
  const TOKEN_QUERY = 8;
  const token = new BigUint64Array(1);
  const thisThread = -2n;
  if (!advapi32.symbols.OpenThreadToken(thisThread, TOKEN_QUERY, 1, token)) return false;
  new Handle(token[0]!, "token").close();
  return true;
}

function openTokens() {
  return openLibrary("advapi32.dll", {
    OpenThreadToken: { parameters: ["i64", "u32", "i32", "buffer"], result: "i32" },
    ImpersonateSelf: { parameters: ["i32"], result: "i32" },
    RevertToSelf: { parameters: [], result: "i32" },
  });
}

Deno.test("PipeConnection.peerUser() leaves this thread its own user", async () => {
  using advapi32 = openTokens();
  const SECURITY_IMPERSONATION = 2;
  advapi32.symbols.ImpersonateSelf(SECURITY_IMPERSONATION);
  assertEquals(isImpersonating(advapi32), true);
  advapi32.symbols.RevertToSelf();
  assertEquals(isImpersonating(advapi32), false);

  const name = randomName();
  using listener = listenPipe({ name });
  await using client = await connectCClient(name);
  await using connection = await listener.accept(soon);
  assertEquals(await client.ask("write 61"), "wrote 1 0");
  assertEquals(await readText(connection), "a");
  // Without the process, only the pipe can tell the user.
  await endOf(client, connection);
  for (let times = 0; times < 20; times++) {
    const user = connection.peerUser();
    assertEquals(isImpersonating(advapi32), false);
    assertEquals(await user, currentUserSid());
    assertEquals(isImpersonating(advapi32), false);
  }
});
