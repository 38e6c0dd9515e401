import { assert, assertEquals, assertGreater, assertMatch, assertThrows } from "@std/assert";
import { environmentVariable } from "../../ffi/process_thread.ts";
import { isWine } from "../../ffi/win32/ntdll.ts";
import {
  ansiCodePage,
  machineMemory,
  tokenInfo,
  userName,
  wineVersion,
} from "../../ffi/this_process.ts";

// The functions are bound at their first use, for the whole process.
const NAMES = ["SeChangeNotifyPrivilege", "SeCreateTokenPrivilege"] as const;
userName();
tokenInfo(NAMES);
machineMemory();
ansiCodePage();

Deno.test("userName() returns the user of the environment", () => {
  assertEquals(userName(), environmentVariable("USERNAME"));
});

Deno.test("tokenInfo() tells the elevation, the integrity level and the asked privileges", () => {
  // Each process has SeChangeNotifyPrivilege. No administrator has SeCreateTokenPrivilege.
  const { elevated, integrity, privileges } = tokenInfo(NAMES);
  assertEquals(typeof elevated, "boolean");
  assert(["low", "medium", "high", "system"].includes(String(integrity)), String(integrity));
  assertEquals(privileges, { [NAMES[0]]: true, [NAMES[1]]: false });
  assertThrows(() => tokenInfo(["SeNoSuchPrivilege"]), Error, "SeNoSuchPrivilege");
});

Deno.test("machineMemory() and ansiCodePage() tell plausible numbers", () => {
  const { total, available } = machineMemory();
  assertGreater(total, 2 ** 28);
  assertGreater(available, 2 ** 20);
  assertEquals(total % 4096, 0);
  assertMatch(String(ansiCodePage()), /^(125\d|65001|8\d\d|9\d\d)$/);
});

Deno.test("wineVersion() is there on Wine only", () => {
  assertEquals(/^\d+\.\d+/.test(wineVersion() ?? ""), isWine());
});
