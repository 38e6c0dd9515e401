import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStringIncludes,
} from "@std/assert";
import { codeOf, errorFromCode, errorFromStatus, lastError, Win32Error } from "../../ffi/error.ts";
import { INVALID_HANDLE_VALUE } from "../../ffi/handle.ts";
import { kernel32 } from "../../ffi/win32/kernel32.ts";
import { peerUrl } from "../support/peer_url.ts";

Deno.test("errorFromCode() returns an error of the matching class of Deno.errors", () => {
  const classes: [code: number, kind: keyof typeof Deno.errors][] = [
    [2, "NotFound"],
    [3, "NotFound"],
    [5, "PermissionDenied"],
    [6, "BadResource"],
    [13, "InvalidData"],
    [32, "Busy"],
    [80, "AlreadyExists"],
    [109, "BrokenPipe"],
    [183, "AlreadyExists"],
    [258, "TimedOut"],
    [1314, "PermissionDenied"],
    [1400, "NotFound"],
    [1460, "TimedOut"],
  ];
  for (const [code, kind] of classes) {
    const error = errorFromCode(code, "SomeApi", "Cannot do it");
    assertInstanceOf(error, Deno.errors[kind]);
    assertInstanceOf(error.cause, Win32Error);
    assertEquals([error.cause.api, error.cause.code, codeOf(error)], ["SomeApi", code, code]);
    assertStringIncludes(error.message, `Cannot do it: SomeApi failed with error ${code} (`);
  }
});

Deno.test("errorFromCode() returns a Win32Error if Deno has no matching class", () => {
  for (const code of [8, 1132, 1450, 1455, 9999]) {
    const error = errorFromCode(code, "SomeApi", "Cannot do it");
    assertInstanceOf(error, Win32Error);
    assertEquals([error.name, error.api, error.code], ["Win32Error", "SomeApi", code]);
  }
});

Deno.test("errorFromCode() adds a known hint to the message", () => {
  const hints: [code: number, hint: string][] = [
    [5, "another user"],
    [8, "map less"],
    [183, "take another name"],
    [1314, "SeCreateGlobalPrivilege"],
    [1450, "reserve: true"],
    [1455, "page file"],
  ];
  for (const [code, hint] of hints) {
    assertStringIncludes(errorFromCode(code, "SomeApi", "Cannot do it").message, hint);
  }
  const special = errorFromCode(5, "SomeApi", "Cannot do it", { as: "Busy", hint: "wait" });
  assertInstanceOf(special, Deno.errors.Busy);
  assert(special.message.endsWith("; wait"));
});

Deno.test("errorFromCode() quotes the text of Windows on one line and without a full stop", () => {
  const { message } = errorFromCode(2, "SomeApi", "Cannot do it");
  // The pattern fits every language of Windows.
  assert(/\(ERROR_FILE_NOT_FOUND\), "[^"\r\n]*[^".\s]"$/.test(message), message);
  assertFalse(errorFromCode(0xdead_beef, "SomeApi", "Cannot do it").message.includes('"'));
});

Deno.test("errorFromStatus() translates a status of the kernel into an error code", () => {
  const STATUS_ACCESS_DENIED = 0xc0000022 | 0;
  assertEquals(codeOf(errorFromStatus(STATUS_ACCESS_DENIED, "NtSomething", "Cannot do it")), 5);
});

Deno.test("lastError() is right as the very next call, in 100,000 rounds", () => {
  const { CloseHandle, GetLastError, SetLastError, UnmapViewOfFile } = kernel32();
  for (let i = 0; i < 100_000; i++) {
    SetLastError(0);
    CloseHandle(1n << 20n);
    const closed = GetLastError();
    UnmapViewOfFile(null);
    const unmapped = GetLastError();
    if (closed !== 6 || unmapped === 6 || unmapped === 0) {
      throw new Error(`round ${i}: ${closed}, ${unmapped}`);
    }
  }
  assertFalse(CloseHandle(1n << 20n));
  assertInstanceOf(lastError("CloseHandle", "Cannot close it"), Deno.errors.BadResource);
});

Deno.test("lastErrorCode() is right if a function was bound since the call that failed", () => {
  // The sanitizers would blame this test for a library that it leaves open.
  const { code, stdout } = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--allow-ffi", peerUrl("ffi/peers/bind_after_failure.ts").href],
    stderr: "inherit",
  }).outputSync();
  assertEquals([code, new TextDecoder().decode(stdout).trim()], [0, "6 6 6 6"]);
});

Deno.test("codeOf() returns undefined for errors of other modules", () => {
  for (const error of [new Error("other"), new Error("other", { cause: 5 }), "text", undefined]) {
    assertEquals(codeOf(error), undefined);
  }
  assertEquals(INVALID_HANDLE_VALUE, 2n ** 64n - 1n);
});
