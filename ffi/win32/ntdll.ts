/**
 * The functions of ntdll.dll: the properties of sections, events, semaphores and handles, the
 * creation of pipes and mailslots, overlapped operations, and the table of upper case. kernel32 has
 * no functions for these, or not with all of their options.
 *
 * @module
 */

import {
  BUFFER,
  BYTE,
  DWORD,
  HANDLE,
  lazyLibrary,
  LPVOID,
  NTSTATUS,
  SIZE_T,
  type Symbols,
  WCHAR,
} from "./types.ts";

/** The signatures of the functions that this module calls. */
export const NTDLL = {
  NtCreateMailslotFile: {
    parameters: [
      BUFFER, // PHANDLE FileHandle
      DWORD, // ACCESS_MASK DesiredAccess
      BUFFER, // POBJECT_ATTRIBUTES ObjectAttributes
      BUFFER, // PIO_STATUS_BLOCK IoStatusBlock
      DWORD, // CreateOptions
      DWORD, // MailslotQuota
      DWORD, // MaximumMessageSize
      BUFFER, // PLARGE_INTEGER ReadTimeout
    ],
    result: NTSTATUS,
  },
  NtCreateNamedPipeFile: {
    parameters: [
      BUFFER, // PHANDLE FileHandle
      DWORD, // ACCESS_MASK DesiredAccess
      BUFFER, // POBJECT_ATTRIBUTES ObjectAttributes
      BUFFER, // PIO_STATUS_BLOCK IoStatusBlock
      DWORD, // ShareAccess
      DWORD, // CreateDisposition
      DWORD, // CreateOptions
      DWORD, // NamedPipeType
      DWORD, // ReadMode
      DWORD, // CompletionMode
      DWORD, // MaximumInstances
      DWORD, // InboundQuota
      DWORD, // OutboundQuota
      BUFFER, // PLARGE_INTEGER DefaultTimeout
    ],
    result: NTSTATUS,
  },
  NtFsControlFile: {
    parameters: [
      HANDLE, // FileHandle
      HANDLE, // Event
      BUFFER, // PIO_APC_ROUTINE ApcRoutine
      BUFFER, // PVOID ApcContext
      BUFFER, // PIO_STATUS_BLOCK IoStatusBlock
      DWORD, // FsControlCode
      BUFFER, // PVOID InputBuffer
      DWORD, // InputBufferLength
      BUFFER, // PVOID OutputBuffer
      DWORD, // OutputBufferLength
    ],
    result: NTSTATUS,
  },
  NtOpenDirectoryObject: {
    parameters: [
      BUFFER, // PHANDLE DirectoryHandle
      DWORD, // ACCESS_MASK DesiredAccess
      BUFFER, // POBJECT_ATTRIBUTES ObjectAttributes
    ],
    result: NTSTATUS,
  },
  NtQueryDirectoryObject: {
    parameters: [
      HANDLE, // DirectoryHandle
      BUFFER, // PVOID Buffer
      DWORD, // Length
      BYTE, // BOOLEAN ReturnSingleEntry
      BYTE, // BOOLEAN RestartScan
      BUFFER, // PULONG Context
      BUFFER, // PULONG ReturnLength
    ],
    result: NTSTATUS,
  },
  NtQueryEvent: {
    parameters: [
      HANDLE, // EventHandle
      DWORD, // EVENT_INFORMATION_CLASS EventInformationClass
      BUFFER, // PVOID EventInformation
      DWORD, // EventInformationLength
      BUFFER, // PULONG ReturnLength
    ],
    result: NTSTATUS,
  },
  NtQueryInformationFile: {
    parameters: [
      HANDLE, // FileHandle
      BUFFER, // PIO_STATUS_BLOCK IoStatusBlock
      BUFFER, // PVOID FileInformation
      DWORD, // Length
      DWORD, // FILE_INFORMATION_CLASS FileInformationClass
    ],
    result: NTSTATUS,
  },
  NtQueryMutant: {
    parameters: [
      HANDLE, // MutantHandle
      DWORD, // MUTANT_INFORMATION_CLASS MutantInformationClass
      BUFFER, // PVOID MutantInformation
      DWORD, // MutantInformationLength
      BUFFER, // PULONG ReturnLength
    ],
    result: NTSTATUS,
  },
  NtQueryObject: {
    parameters: [
      HANDLE, // Handle
      DWORD, // OBJECT_INFORMATION_CLASS ObjectInformationClass
      BUFFER, // PVOID ObjectInformation
      DWORD, // ObjectInformationLength
      BUFFER, // PULONG ReturnLength
    ],
    result: NTSTATUS,
  },
  NtQuerySection: {
    parameters: [
      HANDLE, // SectionHandle
      DWORD, // SECTION_INFORMATION_CLASS SectionInformationClass
      BUFFER, // PVOID SectionInformation
      SIZE_T, // SectionInformationLength
      BUFFER, // PSIZE_T ReturnLength
    ],
    result: NTSTATUS,
  },
  NtQuerySemaphore: {
    parameters: [
      HANDLE, // SemaphoreHandle
      DWORD, // SEMAPHORE_INFORMATION_CLASS SemaphoreInformationClass
      BUFFER, // PVOID SemaphoreInformation
      DWORD, // SemaphoreInformationLength
      BUFFER, // PULONG ReturnLength
    ],
    result: NTSTATUS,
  },
  NtQuerySystemInformation: {
    parameters: [
      DWORD, // SYSTEM_INFORMATION_CLASS SystemInformationClass
      BUFFER, // PVOID SystemInformation
      DWORD, // SystemInformationLength
      BUFFER, // PULONG ReturnLength
    ],
    result: NTSTATUS,
  },
  NtReadFile: {
    parameters: [
      HANDLE, // FileHandle
      HANDLE, // Event
      BUFFER, // PIO_APC_ROUTINE ApcRoutine
      BUFFER, // PVOID ApcContext
      BUFFER, // PIO_STATUS_BLOCK IoStatusBlock
      BUFFER, // PVOID Buffer
      DWORD, // Length
      BUFFER, // PLARGE_INTEGER ByteOffset
      BUFFER, // PULONG Key
    ],
    result: NTSTATUS,
  },
  NtWriteFile: {
    parameters: [
      HANDLE, // FileHandle
      HANDLE, // Event
      BUFFER, // PIO_APC_ROUTINE ApcRoutine
      BUFFER, // PVOID ApcContext
      BUFFER, // PIO_STATUS_BLOCK IoStatusBlock
      BUFFER, // PVOID Buffer
      DWORD, // Length
      BUFFER, // PLARGE_INTEGER ByteOffset
      BUFFER, // PULONG Key
    ],
    result: NTSTATUS,
  },
  RtlNtStatusToDosError: { parameters: [NTSTATUS /* Status */], result: DWORD },
  RtlUpcaseUnicodeChar: { parameters: [WCHAR /* SourceCharacter */], result: WCHAR },
  wine_get_version: { parameters: [], result: LPVOID, optional: true },
} as const satisfies Deno.ForeignLibraryInterface;

/** Returns the functions of ntdll.dll. Each is bound when it is first read. */
export const ntdll: () => Symbols<typeof NTDLL> = lazyLibrary("ntdll.dll", NTDLL);

/** Returns whether this is Wine, whose ntdll.dll also exports a function for Wine's version. */
export function isWine(): boolean {
  return ntdll().wine_get_version !== null;
}
