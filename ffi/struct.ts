/**
 * Win32 structs that calls read or fill in, as 64-bit Windows lays them out.
 *
 * @module
 */

/**
 * Writes a `SECURITY_ATTRIBUTES`.
 *
 * The descriptor's address sits inside the struct, where Deno does not see it:
 * the descriptor must stay open until the call is over.
 *
 * @param descriptor The security descriptor, or null for the default one.
 * @param inheritable Whether child processes inherit the handle.
 * @see {@link https://learn.microsoft.com/windows/win32/api/wtypesbase/ns-wtypesbase-security_attributes}
 */
export function securityAttributes(
  descriptor: Deno.PointerValue,
  inheritable: boolean,
): Uint8Array<ArrayBuffer> {
  const struct = new DataView(new ArrayBuffer(24));
  struct.setUint32(0, struct.byteLength, true); // nLength
  struct.setBigUint64(8, Deno.UnsafePointer.value(descriptor), true); // lpSecurityDescriptor
  struct.setInt32(16, inheritable ? 1 : 0, true); // bInheritHandle
  return new Uint8Array(struct.buffer);
}

/** What `VirtualQuery` tells of the pages from an address on. */
export interface MemoryBasicInformation {
  /** The address that the whole allocation or view begins at, 0 where there is none. */
  allocationBase: bigint;
  /** How many bytes from the address on have the same state. */
  regionSize: number;
  /** `MEM_COMMIT`, `MEM_RESERVE` or `MEM_FREE`. */
  state: number;
  /** `MEM_MAPPED`, `MEM_IMAGE` or `MEM_PRIVATE`. */
  type: number;
}

/** The size of a `MEMORY_BASIC_INFORMATION`, in bytes. */
export const MEMORY_BASIC_INFORMATION_SIZE = 48;

/**
 * Reads a `MEMORY_BASIC_INFORMATION`.
 *
 * @param struct The struct, {@linkcode MEMORY_BASIC_INFORMATION_SIZE} bytes.
 * @see {@link https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-memory_basic_information}
 */
export function readMemoryBasicInformation(struct: DataView): MemoryBasicInformation {
  return {
    allocationBase: struct.getBigUint64(8, true),
    regionSize: Number(struct.getBigUint64(24, true)),
    state: struct.getUint32(32, true),
    type: struct.getUint32(40, true),
  };
}
