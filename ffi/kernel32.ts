/**
 * kernel32.dll: memory, handles, processes and errors.
 *
 * @module
 */

import { lazyLibrary, type Symbols } from "./library.ts";
import { BOOL, BUFFER, DWORD, HANDLE, LONG, LPVOID, LPWSTR, SIZE_T, UINT, VOID } from "./types.ts";

/** The signatures of the functions that are called. */
export const KERNEL32 = {
  CloseHandle: { parameters: [HANDLE /* hObject */], result: BOOL },
  CreateEventW: {
    parameters: [
      BUFFER, // LPSECURITY_ATTRIBUTES lpEventAttributes
      BOOL, // bManualReset
      BOOL, // bInitialState
      LPWSTR, // lpName
    ],
    result: HANDLE,
  },
  CreateFileMappingW: {
    parameters: [
      HANDLE, // hFile
      BUFFER, // LPSECURITY_ATTRIBUTES lpFileMappingAttributes
      DWORD, // flProtect
      DWORD, // dwMaximumSizeHigh
      DWORD, // dwMaximumSizeLow
      LPWSTR, // lpName
    ],
    result: HANDLE,
  },
  CreateFileW: {
    parameters: [
      LPWSTR, // lpFileName
      DWORD, // dwDesiredAccess
      DWORD, // dwShareMode
      BUFFER, // LPSECURITY_ATTRIBUTES lpSecurityAttributes
      DWORD, // dwCreationDisposition
      DWORD, // dwFlagsAndAttributes
      HANDLE, // hTemplateFile
    ],
    result: HANDLE,
  },
  DuplicateHandle: {
    parameters: [
      HANDLE, // hSourceProcessHandle
      HANDLE, // hSourceHandle
      HANDLE, // hTargetProcessHandle
      BUFFER, // LPHANDLE lpTargetHandle
      DWORD, // dwDesiredAccess
      BOOL, // bInheritHandle
      DWORD, // dwOptions
    ],
    result: BOOL,
  },
  FlushFileBuffers: { parameters: [HANDLE /* hFile */], result: BOOL },
  FlushViewOfFile: {
    parameters: [
      LPVOID, // lpBaseAddress
      SIZE_T, // dwNumberOfBytesToFlush
    ],
    result: BOOL,
  },
  FormatMessageW: {
    parameters: [
      DWORD, // dwFlags
      LPVOID, // lpSource
      DWORD, // dwMessageId
      DWORD, // dwLanguageId
      LPWSTR, // lpBuffer
      DWORD, // nSize
      LPVOID, // va_list Arguments
    ],
    result: DWORD,
  },
  GetCurrentProcess: { parameters: [], result: HANDLE },
  GetEnvironmentVariableW: {
    parameters: [
      LPWSTR, // lpName
      LPWSTR, // lpBuffer
      DWORD, // nSize
    ],
    result: DWORD,
  },
  GetExitCodeProcess: {
    parameters: [
      HANDLE, // hProcess
      BUFFER, // LPDWORD lpExitCode
    ],
    result: BOOL,
  },
  GetFileSizeEx: { parameters: [HANDLE, /* hFile */ BUFFER /* PLARGE_INTEGER */], result: BOOL },
  GetFileType: { parameters: [HANDLE /* hFile */], result: DWORD },
  GetLastError: { parameters: [], result: DWORD },
  LocalFree: { parameters: [LPVOID /* hMem */], result: LPVOID },
  MapViewOfFile: {
    parameters: [
      HANDLE, // hFileMappingObject
      DWORD, // dwDesiredAccess
      DWORD, // dwFileOffsetHigh
      DWORD, // dwFileOffsetLow
      SIZE_T, // dwNumberOfBytesToMap
    ],
    result: LPVOID,
  },
  MultiByteToWideChar: {
    parameters: [
      UINT, // CodePage
      DWORD, // dwFlags
      BUFFER, // LPCCH lpMultiByteStr
      LONG, // cbMultiByte
      LPWSTR, // lpWideCharStr
      LONG, // cchWideChar
    ],
    result: LONG,
  },
  OpenFileMappingW: {
    parameters: [
      DWORD, // dwDesiredAccess
      BOOL, // bInheritHandle
      LPWSTR, // lpName
    ],
    result: HANDLE,
  },
  OpenProcess: {
    parameters: [
      DWORD, // dwDesiredAccess
      BOOL, // bInheritHandle
      DWORD, // dwProcessId
    ],
    result: HANDLE,
  },
  QueryFullProcessImageNameW: {
    parameters: [
      HANDLE, // hProcess
      DWORD, // dwFlags
      LPWSTR, // lpExeName
      BUFFER, // PDWORD lpdwSize
    ],
    result: BOOL,
  },
  SetEvent: { parameters: [HANDLE /* hEvent */], result: BOOL },
  SetLastError: { parameters: [DWORD /* dwErrCode */], result: VOID },
  Sleep: { parameters: [DWORD /* dwMilliseconds */], result: VOID },
  UnmapViewOfFile: { parameters: [LPVOID /* lpBaseAddress */], result: BOOL },
  VirtualAlloc: {
    parameters: [
      LPVOID, // lpAddress
      SIZE_T, // dwSize
      DWORD, // flAllocationType
      DWORD, // flProtect
    ],
    result: LPVOID,
  },
  VirtualQuery: {
    parameters: [
      LPVOID, // lpAddress
      BUFFER, // PMEMORY_BASIC_INFORMATION lpBuffer
      SIZE_T, // dwLength
    ],
    result: SIZE_T,
  },
  WideCharToMultiByte: {
    parameters: [
      UINT, // CodePage
      DWORD, // dwFlags
      LPWSTR, // lpWideCharStr
      LONG, // cchWideChar
      BUFFER, // LPSTR lpMultiByteStr
      LONG, // cbMultiByte
      BUFFER, // LPCCH lpDefaultChar
      BUFFER, // LPBOOL lpUsedDefaultChar
    ],
    result: LONG,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions of kernel32.dll; opens it at the first call. */
export const kernel32: () => Symbols<typeof KERNEL32> = lazyLibrary("kernel32.dll", KERNEL32);
