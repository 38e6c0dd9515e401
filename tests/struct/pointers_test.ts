// Task: test:peers

import { assertEquals } from "@std/assert";
import { array, SharedMemory, struct } from "../../mod.ts";
import { compileC } from "../support/compile_c.ts";
import { Peer } from "../support/peer.ts";
import { peers } from "../support/peers.ts";
import { peerUrl } from "../support/peer_url.ts";
import { randomName } from "../support/random_name.ts";

/** The struct of pointers.c, in a program of 32 bits and in one of 64 bits. */
const NODES = {
  32: struct({
    kind: "u8",
    next: "pointer32",
    flags: "u16",
    handle: "pointer32",
    value: "f64",
    size: "u32",
    count: "u32",
    list: array("pointer32", 3),
    last: "u8",
  }),
  64: struct({
    kind: "u8",
    next: "pointer64",
    flags: "u16",
    handle: "pointer64",
    value: "f64",
    size: "u64",
    count: "u32",
    list: array("pointer64", 3),
    last: "u8",
  }),
} as const;
const FIELDS = ["kind", "next", "flags", "handle", "value", "size", "count", "list", "last"];

peers.test("struct() reads and writes a struct with the pointers, handles and sizes of a C program", async (bits) => {
  await using program = await compileC(peerUrl("struct/peers/pointers.c"), { bits });
  const Node = NODES[bits];
  using memory = SharedMemory.create(randomName(), Node.byteLength);
  using view = memory.map();
  await using peer = await Peer.startProgram(program.path, memory.name!);
  const numbers = (await peer.nextLine()).split(" ");
  const address = BigInt(numbers.pop()!);
  const offsets = FIELDS.map((field) => Node.offsetOf(field));
  assertEquals(numbers.map(Number), [Node.byteLength, ...offsets]);
  const { next, handle, size, list, ...rest } = Node.read(view);
  assertEquals(rest, { kind: 1, flags: 2, value: 1.5, count: 3, last: 4 });
  assertEquals([next, ...list].map(BigInt), [address, address, address + 1n, address + 2n]);
  // All bits are set, and a script reads an unsigned number.
  assertEquals([handle, size].map(BigInt), [2n ** BigInt(bits) - 1n, 2n ** BigInt(bits) - 1n]);
  Node.view(view).count = 4_000_000_000;
  assertEquals(await peer.ask("count"), "4000000000");
});
