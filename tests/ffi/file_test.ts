import { assertEquals, assertThrows } from "@std/assert";
import { toPath } from "../../ffi/file.ts";

// The results of fromFileUrl() of @std/path for Windows.
const PATHS: Readonly<Record<string, string>> = {
  "file:///C:/a/b.exe": "C:\\a\\b.exe",
  "file:///c:/": "c:\\",
  "file:///C:": "C:\\",
  "file:C:/a": "C:\\a",
  "file:////C:/a": "C:\\a",
  "file:///C:/a//b/": "C:\\a\\\\b\\",
  "file:///C:/a/../b/./c": "C:\\b\\c",
  "file:///C:/Program%20Files/%C3%A4%E6%95%B0%F0%9D%84%9E": "C:\\Program Files\\ä数𝄞",
  "file:///C:/Program Files/ä": "C:\\Program Files\\ä",
  "file:///C:/100%/50%25/%zz/%4": "C:\\100%\\50%\\%zz\\%4",
  "file:///C:/a%5Cb": "C:\\a\\b",
  "file:///C:/a%2Fb": "C:\\a/b",
  "file:///C:/a#b?c": "C:\\a",
  "file:///C:/a%23b%3Fc": "C:\\a#b?c",
  "file:///Ca:/b": "\\Ca:\\b",
  "file:///a": "\\a",
  "file:///": "\\",
  "file://localhost/C:/a": "C:\\a",
  "file://server/share/a%20b": "\\\\server\\share\\a b",
  "file://127.0.0.1/c$/a": "\\\\127.0.0.1\\c$\\a",
};

Deno.test("toPath() converts a file: URL as Deno does", () => {
  for (const [url, path] of Object.entries(PATHS)) {
    assertEquals(toPath("path", new URL(url)), path, url);
  }
});

Deno.test("toPath() returns a path unchanged", () => {
  for (const path of ["C:\\a", "a/b", "", "file:///C:/a", "C:\\100%25", "\ud800"]) {
    assertEquals(toPath("path", path), path);
  }
});

Deno.test("toPath() refuses values that are neither paths nor file: URLs", () => {
  for (const url of ["https://example.com/C:/a", "data:,a", "c:/a", "npm:a"]) {
    const text = `Expected cwd to be a path or a file: URL, got "${new URL(url)}"`;
    assertThrows(() => toPath("cwd", new URL(url)), TypeError, text);
  }
  for (const url of ["file:///C:/%FF", "file:///C:/%C3", "file:///C:/%ED%A0%80"]) {
    assertThrows(() => toPath("cwd", new URL(url)), TypeError, "file: URL in UTF-8");
  }
  assertThrows(() => toPath("cwd", new URL("file:///C:/a%00b")), TypeError, "have no NUL in it");
  for (const wrong of [5, null, undefined, {}, ["C:\\a"], { href: "file:///C:/a" }]) {
    assertThrows(() => toPath("cwd", wrong), TypeError, "Expected cwd to be a string");
  }
  assertThrows(() => toPath("cwd", "x".repeat(32_767)), RangeError, "at most 32766");
});
