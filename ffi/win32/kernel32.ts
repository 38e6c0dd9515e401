/**
 * The functions of kernel32.dll and kernelbase.dll that this module calls.
 *
 * @module
 */

import {
  BOOL,
  BUFFER,
  CALLBACK,
  DWORD,
  HANDLE,
  lazyLibrary,
  LONG,
  LPVOID,
  LPWSTR,
  SIZE_T,
  type Symbols,
  UINT,
  VOID,
} from "./types.ts";

const WAIT_FOR_MULTIPLE_OBJECTS = {
  parameters: [
    DWORD, // nCount
    BUFFER, // const HANDLE* lpHandles
    BOOL, // bWaitAll
    DWORD, // dwMilliseconds
    BOOL, // bAlertable
  ],
  result: DWORD,
} as const;

/** The signatures of the functions that this module calls. */
export const KERNEL32 = {
  AssignProcessToJobObject: {
    parameters: [HANDLE, /* hJob */ HANDLE /* hProcess */],
    result: BOOL,
  },
  CancelIoEx: { parameters: [HANDLE, /* hFile */ BUFFER /* LPOVERLAPPED */], result: BOOL },
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
  CreateJobObjectW: {
    parameters: [
      BUFFER, // LPSECURITY_ATTRIBUTES lpJobAttributes
      LPWSTR, // lpName
    ],
    result: HANDLE,
  },
  CreateMutexW: {
    parameters: [
      BUFFER, // LPSECURITY_ATTRIBUTES lpMutexAttributes
      BOOL, // bInitialOwner
      LPWSTR, // lpName
    ],
    result: HANDLE,
  },
  CreateProcessW: {
    parameters: [
      LPWSTR, // lpApplicationName
      LPWSTR, // lpCommandLine, which the call writes to
      BUFFER, // LPSECURITY_ATTRIBUTES lpProcessAttributes
      BUFFER, // LPSECURITY_ATTRIBUTES lpThreadAttributes
      BOOL, // bInheritHandles
      DWORD, // dwCreationFlags
      LPWSTR, // LPVOID lpEnvironment
      LPWSTR, // lpCurrentDirectory
      BUFFER, // LPSTARTUPINFOW lpStartupInfo
      BUFFER, // LPPROCESS_INFORMATION lpProcessInformation
    ],
    result: BOOL,
  },
  CreateSemaphoreW: {
    parameters: [
      BUFFER, // LPSECURITY_ATTRIBUTES lpSemaphoreAttributes
      LONG, // lInitialCount
      LONG, // lMaximumCount
      LPWSTR, // lpName
    ],
    result: HANDLE,
  },
  DeleteProcThreadAttributeList: { parameters: [BUFFER /* lpAttributeList */], result: VOID },
  DisconnectNamedPipe: { parameters: [HANDLE /* hNamedPipe */], result: BOOL },
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
  FindClose: { parameters: [HANDLE /* hFindFile */], result: BOOL },
  FindFirstFileW: {
    parameters: [LPWSTR, /* lpFileName */ BUFFER /* LPWIN32_FIND_DATAW */],
    result: HANDLE,
  },
  FindNextFileW: {
    parameters: [HANDLE, /* hFindFile */ BUFFER /* LPWIN32_FIND_DATAW */],
    result: BOOL,
  },
  FlushFileBuffers: { parameters: [HANDLE /* hFile */], result: BOOL },
  FlushInstructionCache: {
    parameters: [
      HANDLE, // hProcess
      LPVOID, // lpBaseAddress
      SIZE_T, // dwSize
    ],
    result: BOOL,
  },
  /** `FlushFileBuffers` on a thread of Deno's pool; see src/pipe/connection.ts. */
  FlushOnPoolThread: {
    name: "FlushFileBuffers",
    parameters: [HANDLE /* hFile */],
    result: BOOL,
    nonblocking: true,
  },
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
  FreeEnvironmentStringsW: { parameters: [LPVOID /* penv */], result: BOOL },
  GetConsoleCP: { parameters: [], result: UINT },
  GetCurrentProcess: { parameters: [], result: HANDLE },
  GetCurrentThread: { parameters: [], result: HANDLE },
  GetCurrentThreadId: { parameters: [], result: DWORD },
  /** The function's address, for calls that need the address of any harmless function. */
  GetCurrentThreadIdAddress: { name: "GetCurrentThreadId", type: "pointer" },
  GetCurrentThreadStackLimits: {
    parameters: [BUFFER, /* PULONG_PTR LowLimit */ BUFFER /* PULONG_PTR HighLimit */],
    result: VOID,
  },
  GetCurrentDirectoryW: {
    parameters: [
      DWORD, // nBufferLength
      LPWSTR, // lpBuffer
    ],
    result: DWORD,
  },
  GetEnvironmentStringsW: { parameters: [], result: LPVOID },
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
  GetFileAttributesW: { parameters: [LPWSTR /* lpFileName */], result: DWORD },
  GetFileSizeEx: { parameters: [HANDLE, /* hFile */ BUFFER /* PLARGE_INTEGER */], result: BOOL },
  GetFileType: { parameters: [HANDLE /* hFile */], result: DWORD },
  GetFullPathNameW: {
    parameters: [
      LPWSTR, // lpFileName
      DWORD, // nBufferLength
      LPWSTR, // lpBuffer
      BUFFER, // LPWSTR* lpFilePart
    ],
    result: DWORD,
  },
  GetLastError: { parameters: [], result: DWORD },
  GetMailslotInfo: {
    parameters: [
      HANDLE, // hMailslot
      BUFFER, // LPDWORD lpMaxMessageSize
      BUFFER, // LPDWORD lpNextSize
      BUFFER, // LPDWORD lpMessageCount
      BUFFER, // LPDWORD lpReadTimeout
    ],
    result: BOOL,
  },
  GetNamedPipeClientProcessId: {
    parameters: [
      HANDLE, // Pipe
      BUFFER, // PULONG ClientProcessId
    ],
    result: BOOL,
  },
  GetNamedPipeClientSessionId: {
    parameters: [
      HANDLE, // Pipe
      BUFFER, // PULONG ClientSessionId
    ],
    result: BOOL,
  },
  GetNamedPipeInfo: {
    parameters: [
      HANDLE, // hNamedPipe
      BUFFER, // LPDWORD lpFlags
      BUFFER, // LPDWORD lpOutBufferSize
      BUFFER, // LPDWORD lpInBufferSize
      BUFFER, // LPDWORD lpMaxInstances
    ],
    result: BOOL,
  },
  GetNamedPipeServerProcessId: {
    parameters: [
      HANDLE, // Pipe
      BUFFER, // PULONG ServerProcessId
    ],
    result: BOOL,
  },
  GetNamedPipeServerSessionId: {
    parameters: [
      HANDLE, // Pipe
      BUFFER, // PULONG ServerSessionId
    ],
    result: BOOL,
  },
  GetOverlappedResult: {
    parameters: [
      HANDLE, // hFile
      BUFFER, // LPOVERLAPPED lpOverlapped
      BUFFER, // LPDWORD lpNumberOfBytesTransferred
      BOOL, // bWait
    ],
    result: BOOL,
  },
  GetProcessIdOfThread: { parameters: [HANDLE /* Thread */], result: DWORD },
  GetProcessTimes: {
    parameters: [
      HANDLE, // hProcess
      BUFFER, // LPFILETIME lpCreationTime
      BUFFER, // LPFILETIME lpExitTime
      BUFFER, // LPFILETIME lpKernelTime
      BUFFER, // LPFILETIME lpUserTime
    ],
    result: BOOL,
  },
  GetStartupInfoW: { parameters: [BUFFER /* LPSTARTUPINFOW lpStartupInfo */], result: VOID },
  GetStdHandle: { parameters: [DWORD /* nStdHandle */], result: HANDLE },
  GetSystemDirectoryW: { parameters: [LPWSTR, /* lpBuffer */ UINT /* uSize */], result: UINT },
  GetThreadTimes: {
    parameters: [
      HANDLE, // hThread
      BUFFER, // LPFILETIME lpCreationTime
      BUFFER, // LPFILETIME lpExitTime
      BUFFER, // LPFILETIME lpKernelTime
      BUFFER, // LPFILETIME lpUserTime
    ],
    result: BOOL,
  },
  InitializeProcThreadAttributeList: {
    parameters: [
      BUFFER, // lpAttributeList
      DWORD, // dwAttributeCount
      DWORD, // dwFlags
      BUFFER, // PSIZE_T lpSize
    ],
    result: BOOL,
  },
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
  OpenEventW: {
    parameters: [
      DWORD, // dwDesiredAccess
      BOOL, // bInheritHandle
      LPWSTR, // lpName
    ],
    result: HANDLE,
  },
  OpenFileMappingW: {
    parameters: [
      DWORD, // dwDesiredAccess
      BOOL, // bInheritHandle
      LPWSTR, // lpName
    ],
    result: HANDLE,
  },
  OpenMutexW: {
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
  OpenSemaphoreW: {
    parameters: [
      DWORD, // dwDesiredAccess
      BOOL, // bInheritHandle
      LPWSTR, // lpName
    ],
    result: HANDLE,
  },
  OpenThread: {
    parameters: [
      DWORD, // dwDesiredAccess
      BOOL, // bInheritHandle
      DWORD, // dwThreadId
    ],
    result: HANDLE,
  },
  ProcessIdToSessionId: {
    parameters: [DWORD, /* dwProcessId */ BUFFER /* DWORD *pSessionId */],
    result: BOOL,
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
  QueueUserAPC: {
    parameters: [
      LPVOID, // PAPCFUNC pfnAPC
      HANDLE, // hThread
      SIZE_T, // ULONG_PTR dwData
    ],
    result: DWORD,
  },
  ReadProcessMemory: {
    parameters: [
      HANDLE, // hProcess
      LPVOID, // lpBaseAddress
      BUFFER, // lpBuffer
      SIZE_T, // nSize
      BUFFER, // SIZE_T *lpNumberOfBytesRead
    ],
    result: BOOL,
  },
  RegisterWaitForSingleObject: {
    parameters: [
      BUFFER, // PHANDLE phNewWaitObject
      HANDLE, // hObject
      CALLBACK, // WAITORTIMERCALLBACK Callback
      SIZE_T, // PVOID Context
      DWORD, // dwMilliseconds
      DWORD, // dwFlags
    ],
    result: BOOL,
  },
  ReleaseMutex: { parameters: [HANDLE /* hMutex */], result: BOOL },
  ReleaseSemaphore: {
    parameters: [
      HANDLE, // hSemaphore
      LONG, // lReleaseCount
      BUFFER, // LPLONG lpPreviousCount
    ],
    result: BOOL,
  },
  ResetEvent: { parameters: [HANDLE /* hEvent */], result: BOOL },
  ResumeThread: { parameters: [HANDLE /* hThread */], result: DWORD },
  SetEvent: { parameters: [HANDLE /* hEvent */], result: BOOL },
  SetInformationJobObject: {
    parameters: [
      HANDLE, // hJob
      DWORD, // JobObjectInformationClass
      BUFFER, // lpJobObjectInformation
      DWORD, // cbJobObjectInformationLength
    ],
    result: BOOL,
  },
  SetLastError: { parameters: [DWORD /* dwErrCode */], result: VOID },
  SetNamedPipeHandleState: {
    parameters: [
      HANDLE, // hNamedPipe
      BUFFER, // LPDWORD lpMode
      BUFFER, // LPDWORD lpMaxCollectionCount
      BUFFER, // LPDWORD lpCollectDataTimeout
    ],
    result: BOOL,
  },
  Sleep: { parameters: [DWORD /* dwMilliseconds */], result: VOID },
  SleepEx: {
    parameters: [
      DWORD, // dwMilliseconds
      BOOL, // bAlertable
    ],
    result: DWORD,
  },
  TerminateProcess: { parameters: [HANDLE, /* hProcess */ UINT /* uExitCode */], result: BOOL },
  UnmapViewOfFile: { parameters: [LPVOID /* lpBaseAddress */], result: BOOL },
  UnregisterWait: { parameters: [HANDLE /* WaitHandle */], result: BOOL },
  UpdateProcThreadAttribute: {
    parameters: [
      BUFFER, // lpAttributeList
      DWORD, // dwFlags
      SIZE_T, // Attribute
      BUFFER, // lpValue
      SIZE_T, // cbSize
      BUFFER, // lpPreviousValue
      BUFFER, // lpReturnSize
    ],
    result: BOOL,
  },
  VirtualAlloc: {
    parameters: [
      LPVOID, // lpAddress
      SIZE_T, // dwSize
      DWORD, // flAllocationType
      DWORD, // flProtect
    ],
    result: LPVOID,
  },
  VirtualFree: {
    parameters: [
      LPVOID, // lpAddress
      SIZE_T, // dwSize
      DWORD, // dwFreeType
    ],
    result: BOOL,
  },
  VirtualProtect: {
    parameters: [
      LPVOID, // lpAddress
      SIZE_T, // dwSize
      DWORD, // flNewProtect
      BUFFER, // PDWORD lpflOldProtect
    ],
    result: BOOL,
  },
  VirtualQuery: {
    parameters: [
      LPVOID, // lpAddress
      BUFFER, // PMEMORY_BASIC_INFORMATION lpBuffer
      SIZE_T, // dwLength
    ],
    result: SIZE_T,
  },
  WaitForMultipleObjectsEx: WAIT_FOR_MULTIPLE_OBJECTS,
  WaitForSingleObject: {
    parameters: [
      HANDLE, // hHandle
      DWORD, // dwMilliseconds
    ],
    result: DWORD,
  },
  WaitNamedPipeW: {
    parameters: [
      LPWSTR, // lpNamedPipeName
      DWORD, // nTimeOut
    ],
    result: BOOL,
  },
  /** `WaitForMultipleObjectsEx` on a thread of Deno's pool; see src/sync/pool_thread_wait.ts. */
  WaitOnPoolThread: {
    name: "WaitForMultipleObjectsEx",
    ...WAIT_FOR_MULTIPLE_OBJECTS,
    nonblocking: true,
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
  WriteFile: {
    parameters: [
      HANDLE, // hFile
      BUFFER, // lpBuffer
      DWORD, // nNumberOfBytesToWrite
      BUFFER, // LPDWORD lpNumberOfBytesWritten
      BUFFER, // LPOVERLAPPED lpOverlapped
    ],
    result: BOOL,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** Returns the functions of kernel32.dll. Each is bound when it is first read. */
export const kernel32: () => Symbols<typeof KERNEL32> = lazyLibrary("kernel32.dll", KERNEL32);

/** The signatures of the functions that this module calls. */
export const KERNELBASE = {
  CompareObjectHandles: {
    parameters: [
      HANDLE, // hFirstObjectHandle
      HANDLE, // hSecondObjectHandle
    ],
    result: BOOL,
  },
  /** Its result says less than the word itself. */
  WaitOnAddress: {
    parameters: [
      BUFFER, // Address
      BUFFER, // CompareAddress
      SIZE_T, // AddressSize
      DWORD, // dwMilliseconds
    ],
    result: VOID,
  },
  WakeByAddressSingle: { parameters: [BUFFER /* Address */], result: VOID },
} as const satisfies Deno.ForeignLibraryInterface;

/** Returns the functions of kernelbase.dll. Each is bound when it is first read. */
export const kernelbase: () => Symbols<typeof KERNELBASE> = lazyLibrary(
  "kernelbase.dll",
  KERNELBASE,
);
