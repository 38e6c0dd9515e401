// Task: test:peers

/**
 * Changes integers of a struct in shared memory at the same time as a C program.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { SharedMemory, struct } from "../../mod.ts";
import { compileC } from "../support/compile_c.ts";
import { peers } from "../support/peers.ts";
import { randomName } from "../support/random_name.ts";

/** The number of changes that each of the two programs makes to each integer. */
const TIMES = 2_000_001;

const Shared = struct({
  ready: "u32",
  flags: "u32",
  count: "i32",
  wide: "u64",
  narrow: "u16",
  tiny: "u8",
  turns: "u32",
});

const PROGRAM = String.raw`#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <wchar.h>
#include <windows.h>
${Shared.toC("Shared")}
int main(void) {
    int argc;
    wchar_t **argv = CommandLineToArgvW(GetCommandLineW(), &argc);
    HANDLE section = OpenFileMappingW(FILE_MAP_WRITE, FALSE, argv[1]);
    Shared *s = section ? MapViewOfFile(section, FILE_MAP_WRITE, 0, 0, sizeof *s) : NULL;
    if (s == NULL) return 1;
    InterlockedOr((volatile LONG *)&s->ready, 2);
    while (InterlockedOr((volatile LONG *)&s->ready, 0) != 3) Sleep(0);
    for (int i = 0; i < ${TIMES}; i++) {
        InterlockedXor((volatile LONG *)&s->flags, 0x80000000);
        InterlockedExchangeAdd((volatile LONG *)&s->count, -3);
        InterlockedExchangeAdd64((volatile LONG64 *)&s->wide, 0x100000001);
        InterlockedIncrement16((volatile SHORT *)&s->narrow);
        for (;;) {
            LONG old = InterlockedOr((volatile LONG *)&s->turns, 0);
            if (InterlockedCompareExchange((volatile LONG *)&s->turns, old + 1, old) == old) break;
        }
    }
    return 0;
}
`;

peers.test("Counters of a struct and the Interlocked functions of a C program lose no change", async (bits) => {
  const folder = await Deno.makeTempDir({ prefix: "winipc-" });
  const source = `${folder}\\counters.c`;
  await Deno.writeTextFile(source, PROGRAM);
  await using program = await compileC(new URL(`file:///${source.replaceAll("\\", "/")}`), {
    bits,
  });
  using memory = SharedMemory.create(randomName(), Shared.byteLength);
  using view = memory.map();
  const { ready, flags, count, wide, narrow, tiny, turns } = Shared.counters(view);
  const child = new Deno.Command(program.path, { args: [memory.name!] }).spawn();
  ready.or(1);
  const end = performance.now() + 60_000;
  while (ready.load() !== 3 && performance.now() < end);
  for (let i = 0; i < TIMES; i++) {
    flags.xor(1);
    count.add(2);
    wide.sub(1n);
    narrow.add(1);
    tiny.add(1);
    for (let old = turns.load();;) {
      const found = turns.compareExchange(old, old + 1);
      if (found === old) break;
      old = found;
    }
  }
  assertEquals((await child.status).code, 0);
  assertEquals(Shared.read(view), {
    ready: 3,
    flags: 0x8000_0001,
    count: -TIMES,
    wide: BigInt(TIMES) * 2n ** 32n,
    narrow: (2 * TIMES) % 2 ** 16,
    tiny: TIMES % 2 ** 8,
    turns: 2 * TIMES,
  });
  await Deno.remove(folder, { recursive: true });
});
