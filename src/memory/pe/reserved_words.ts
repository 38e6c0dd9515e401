/**
 * Names that mean something else in the files that a linker or a compiler reads.
 *
 * @module
 */

/**
 * The words of module-definition files, which are names only in quotation marks: those of LINK, and
 * those that GNU's and LLVM's tools read besides. All of them tell capitals from small letters.
 *
 * @see {@link https://learn.microsoft.com/cpp/build/reference/reserved-words}
 */
const DEFINITION_WORDS: ReadonlySet<string> = wordsOf(`
  APPLOADER BASE CODE CONFORMING DATA DESCRIPTION DEV386 DISCARDABLE DYNAMIC EXECUTEONLY EXECUTEREAD
  EXETYPE EXPORTS FIXED FUNCTIONS HEAPSIZE IMPORTS IMPURE INCLUDE INITINSTANCE IOPL LIBRARY LOADONCALL
  LONGNAMES MOVABLE MOVEABLE MULTIPLE NAME NEWFILES NODATA NOIOPL NONAME NONCONFORMING NONDISCARDABLE
  NONE NONSHARED NOTWINDOWCOMPAT OBJECTS OLD PRELOAD PRIVATE PROTMODE PURE READONLY READWRITE REALMODE
  RESIDENT RESIDENTNAME SECTIONS SEGMENTS SHARED SINGLE STACKSIZE STUB VERSION WINDOWAPI WINDOWCOMPAT
  WINDOWS
  CONSTANT EXECUTE EXPORTAS INITGLOBAL READ SUBSYSTEM TERMGLOBAL TERMINSTANCE WRITE`);

/** The keywords of C and C++, and what the headers that a declaration includes make of other names. */
const C_WORDS: ReadonlySet<string> = wordsOf(`
  alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t
  class co_await co_return co_yield compl concept const const_cast consteval constexpr constinit continue
  decltype default delete do double dynamic_cast else enum explicit export extern false float for friend
  goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private
  protected public register reinterpret_cast requires restrict return short signed sizeof static
  static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename
  typeof typeof_unqual union unsigned using virtual void volatile wchar_t while xor xor_eq
  _Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn _Static_assert _Thread_local
  int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t intptr_t uintptr_t intmax_t uintmax_t
  size_t ptrdiff_t wint_t NULL`);

/** Writes a name for a module-definition file, where keywords have to be quoted. */
export function definitionName(name: string): string {
  return DEFINITION_WORDS.has(name) ? `"${name}"` : name;
}

/** Whether C or C++ can have a variable of this name. */
export function isCName(name: string): boolean {
  return !C_WORDS.has(name);
}

function wordsOf(text: string): Set<string> {
  return new Set(text.trim().split(/\s+/));
}
