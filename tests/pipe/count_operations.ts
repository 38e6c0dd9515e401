import { OPERATION } from "../../ffi/handle.ts";
import { READ_SIZE } from "../../src/io/reader.ts";
import { openLibrary } from "../support/open_library.ts";

/** The offsets in a `MEMORY_BASIC_INFORMATION`, and its size, in bytes. */
const INFO = { base: 0, allocation: 8, size: 24, state: 32, byteLength: 48 } as const;
const MEM_COMMIT = 0x1000;

/**
 * Returns the number of operations whose memory this process has allocated: those of readers and
 * writers that have read or written less than 64 KiB at a time.
 */
export function countOperations(): number {
  using kernel32 = openLibrary("kernel32.dll", {
    VirtualQuery: { parameters: ["u64", "buffer", "usize"], result: "usize" },
  });
  const { VirtualQuery } = kernel32.symbols;
  const info = new DataView(new ArrayBuffer(INFO.byteLength));
  const field = (offset: number) => info.getBigUint64(offset, true);
  const wanted = BigInt(OPERATION.data + READ_SIZE);
  let count = 0;
  for (let at = 0n; VirtualQuery(at, info, BigInt(INFO.byteLength)) !== 0n;) {
    const isWhole = field(INFO.base) === field(INFO.allocation) && field(INFO.size) === wanted;
    if (isWhole && info.getUint32(INFO.state, true) === MEM_COMMIT) count++;
    at = field(INFO.base) + field(INFO.size);
  }
  return count;
}
