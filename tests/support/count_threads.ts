import { openLibrary } from "./open_library.ts";

/** Returns the number of threads of this process. */
export function countThreads(): number {
  const TH32CS_SNAPTHREAD = 4;
  using kernel32 = openLibrary("kernel32.dll", {
    CreateToolhelp32Snapshot: { parameters: ["u32", "u32"], result: "usize" },
    Thread32First: { parameters: ["usize", "buffer"], result: "i32" },
    Thread32Next: { parameters: ["usize", "buffer"], result: "i32" },
    CloseHandle: { parameters: ["usize"], result: "i32" },
  });
  const { CreateToolhelp32Snapshot, Thread32First, Thread32Next, CloseHandle } = kernel32.symbols;
  const snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
  // THREADENTRY32: its size at 0, the id of the thread's process at 12.
  const entry = new DataView(new ArrayBuffer(28));
  entry.setUint32(0, entry.byteLength, true);
  let count = 0;
  for (let more = Thread32First(snapshot, entry); more; more = Thread32Next(snapshot, entry)) {
    if (entry.getUint32(12, true) === Deno.pid) count++;
  }
  CloseHandle(snapshot);
  return count;
}
