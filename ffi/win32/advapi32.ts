/**
 * The functions of advapi32.dll: access tokens and security descriptors.
 *
 * @module
 */

import { BOOL, BUFFER, DWORD, HANDLE, lazyLibrary, LPVOID, LPWSTR, type Symbols } from "./types.ts";

/** The signatures of the functions that this module calls. */
export const ADVAPI32 = {
  ConvertSecurityDescriptorToStringSecurityDescriptorW: {
    parameters: [
      BUFFER, // PSECURITY_DESCRIPTOR SecurityDescriptor
      DWORD, // RequestedStringSDRevision
      DWORD, // SECURITY_INFORMATION SecurityInformation
      BUFFER, // LPWSTR *StringSecurityDescriptor
      BUFFER, // PULONG StringSecurityDescriptorLen
    ],
    result: BOOL,
  },
  ConvertStringSecurityDescriptorToSecurityDescriptorW: {
    parameters: [
      LPWSTR, // StringSecurityDescriptor
      DWORD, // StringSDRevision
      BUFFER, // PSECURITY_DESCRIPTOR *SecurityDescriptor
      BUFFER, // PULONG SecurityDescriptorSize
    ],
    result: BOOL,
  },
  GetKernelObjectSecurity: {
    parameters: [
      HANDLE, // Handle
      DWORD, // SECURITY_INFORMATION RequestedInformation
      BUFFER, // PSECURITY_DESCRIPTOR pSecurityDescriptor
      DWORD, // nLength
      BUFFER, // LPDWORD lpnLengthNeeded
    ],
    result: BOOL,
  },
  GetTokenInformation: {
    parameters: [
      HANDLE, // TokenHandle
      DWORD, // TOKEN_INFORMATION_CLASS TokenInformationClass
      BUFFER, // TokenInformation
      DWORD, // TokenInformationLength
      BUFFER, // PDWORD ReturnLength
    ],
    result: BOOL,
  },
  ImpersonateNamedPipeClient: { parameters: [HANDLE /* hNamedPipe */], result: BOOL },
  LookupAccountSidW: {
    parameters: [
      LPWSTR, // lpSystemName
      BUFFER, // PSID Sid
      LPWSTR, // Name
      BUFFER, // LPDWORD cchName
      LPWSTR, // ReferencedDomainName
      BUFFER, // LPDWORD cchReferencedDomainName
      BUFFER, // PSID_NAME_USE peUse
    ],
    result: BOOL,
  },
  OpenProcessToken: {
    parameters: [
      HANDLE, // ProcessHandle
      DWORD, // DesiredAccess
      BUFFER, // PHANDLE TokenHandle
    ],
    result: BOOL,
  },
  OpenThreadToken: {
    parameters: [
      HANDLE, // ThreadHandle
      DWORD, // DesiredAccess
      BOOL, // OpenAsSelf
      BUFFER, // PHANDLE TokenHandle
    ],
    result: BOOL,
  },
  RevertToSelf: { parameters: [], result: BOOL },
  SetKernelObjectSecurity: {
    parameters: [
      HANDLE, // Handle
      DWORD, // SECURITY_INFORMATION SecurityInformation
      LPVOID, // PSECURITY_DESCRIPTOR SecurityDescriptor
    ],
    result: BOOL,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** Returns the functions of advapi32.dll. Each is bound when it is first read. */
export const advapi32: () => Symbols<typeof ADVAPI32> = lazyLibrary(
  "advapi32.dll",
  ADVAPI32,
);
