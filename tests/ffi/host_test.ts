import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  MIN_DENO,
  MIN_WINDOWS_BUILD,
  whyUnsupported,
  whyWindowsUnsupported,
} from "../../ffi/platform.ts";

Deno.test("whyUnsupported() returns undefined for Windows and a new enough Deno", () => {
  for (const deno of [MIN_DENO, "2.10.0", "3.0.0", `${MIN_DENO}+abc1234`]) {
    assertEquals(whyUnsupported({ os: "windows", deno }), undefined);
  }
});

Deno.test("whyUnsupported() returns the reason why a host is not supported", () => {
  const cases = [
    [{ os: "linux", deno: "2.9.5" }, "works on Windows only, but this is linux"],
    [{ os: "windows", deno: "2.8.99" }, 'this is 2.8.99: run "deno upgrade"'],
    [{ os: "windows", deno: "1.46.3" }, `needs Deno ${MIN_DENO} or newer`],
    [{ os: "another runtime", deno: undefined }, "another JavaScript runtime"],
  ] as const;
  for (const [host, text] of cases) assertStringIncludes(whyUnsupported(host) ?? "", text);
});

Deno.test("whyWindowsUnsupported() refuses versions older than Windows 10 version 1709", () => {
  assertEquals(whyWindowsUnsupported(10, MIN_WINDOWS_BUILD), undefined);
  assertEquals(whyWindowsUnsupported(11, 0), undefined);
  assertStringIncludes(whyWindowsUnsupported(10, 14_393) ?? "", "build 14393");
  assertStringIncludes(whyWindowsUnsupported(6, 99_999) ?? "", "version 6");
});
