/**
 * Names that mean something else in the files that a linker reads.
 *
 * @module
 */

/**
 * The words of module-definition files, which are names only in quotation marks: those of LINK, and
 * those that GNU's and LLVM's tools read besides. All of them tell capitals from small letters.
 *
 * @see {@link https://learn.microsoft.com/cpp/build/reference/reserved-words}
 */
const DEFINITION_WORDS: ReadonlySet<string> = new Set(
  `
  APPLOADER BASE CODE CONFORMING DATA DESCRIPTION DEV386 DISCARDABLE DYNAMIC EXECUTEONLY EXECUTEREAD
  EXETYPE EXPORTS FIXED FUNCTIONS HEAPSIZE IMPORTS IMPURE INCLUDE INITINSTANCE IOPL LIBRARY LOADONCALL
  LONGNAMES MOVABLE MOVEABLE MULTIPLE NAME NEWFILES NODATA NOIOPL NONAME NONCONFORMING NONDISCARDABLE
  NONE NONSHARED NOTWINDOWCOMPAT OBJECTS OLD PRELOAD PRIVATE PROTMODE PURE READONLY READWRITE REALMODE
  RESIDENT RESIDENTNAME SECTIONS SEGMENTS SHARED SINGLE STACKSIZE STUB VERSION WINDOWAPI WINDOWCOMPAT
  WINDOWS
  CONSTANT EXECUTE EXPORTAS INITGLOBAL READ SUBSYSTEM TERMGLOBAL TERMINSTANCE WRITE`.trim().split(
    /\s+/,
  ),
);

/** Writes a name for a module-definition file, where keywords have to be quoted. */
export function definitionName(name: string): string {
  return DEFINITION_WORDS.has(name) ? `"${name}"` : name;
}
