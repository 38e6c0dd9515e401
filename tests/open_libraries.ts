/**
 * Opens the libraries of Windows before any test begins; the test tasks preload this.
 *
 * They stay open for as long as the process lives, and the test that happened to
 * open one would be blamed for it by the sanitizer of resources.
 *
 * @module
 */

import { advapi32 } from "../ffi/advapi32.ts";
import { kernel32 } from "../ffi/kernel32.ts";
import { ntdll } from "../ffi/ntdll.ts";
import { user32 } from "../ffi/user32.ts";

for (const open of [kernel32, ntdll, advapi32, user32]) open();
