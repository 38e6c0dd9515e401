// Task: test:command
//
// C headers as schemas: the layouts of a C compiler, the choice of a struct, and mistakes.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { headerSchema } from "../../../src/cli/schema/header/header_schema.ts";
import { SLOWNESS } from "../../support/slowness.ts";
import { C_CASES } from "./header_cases.ts";
import { peers } from "../../support/peers.ts";
import { compare, outputOf, programOf } from "./layout_program.ts";

/** A header in C++, with what C++ programmers add to their structs. */
const CPP = `
namespace classes { namespace inner {
        enum class Kind : uint8_t { One, Two = 7 };
        enum Plain : short { Three };
        struct Point { float x = 0, y{1}; Point() : x(2) {} float length() const { return x; } };
      } }
      using namespace classes::inner;
      extern "C" { struct ClassesInC { short a; char b; }; }
      static const int CLASSES_LENGTH = 3;
      constexpr unsigned CLASSES_MORE = CLASSES_LENGTH + 1;
      struct Classes {
      public:
        static const int LENGTH = 2;
        static constexpr int MORE = LENGTH * 2;
        typedef short Short;
        using Wide = double;
        struct Declared { char a; int b; };
        enum State { Off, On };
        Classes() = default;
        explicit Classes(int) {}
        ~Classes() {}
        bool operator==(const Classes &) const { return true; }
        int sum() const;
        Kind kind = Kind::One; Plain plain; Point points[LENGTH]; Short s; Wide w[MORE];
        ClassesInC c; std::uint32_t d[CLASSES_LENGTH]; int e[CLASSES_MORE]; Declared f; State g;
      };
`;

peers.test("headerSchema() places fields as a C compiler for Windows does", async (bits) => {
  compare(C_CASES, await outputOf("layouts.c", programOf(C_CASES), bits));
});

Deno.test("headerSchema() places the fields of C++, and skips its functions and constants", () => {
  const { byteLength, ...schema } = headerSchema(CPP, "Classes");
  const rows = schema.fields(new Uint8Array(byteLength)).map(({ path, offset, type }) =>
    `${offset} ${type} ${path}`
  );
  // As g++ says for these types, whose sizes are the same in Windows.
  assertEquals([byteLength, rows], [104, [
    "0 u8 kind",
    "2 i16 plain",
    "4 f32 points[0].x",
    "8 f32 points[0].y",
    "12 f32 points[1].x",
    "16 f32 points[1].y",
    "20 i16 s",
    "24 f64 w[0]",
    "32 f64 w[1]",
    "40 f64 w[2]",
    "48 f64 w[3]",
    "56 i16 c.a",
    "58 i8 c.b",
    "60 u32 d[0]",
    "64 u32 d[1]",
    "68 u32 d[2]",
    "72 i32 e[0]",
    "76 i32 e[1]",
    "80 i32 e[2]",
    "84 i32 e[3]",
    "88 i8 f.a",
    "92 i32 f.b",
    "96 i32 g",
  ]]);
});

Deno.test("headerSchema() reads texts, bytes and signs as their types say", () => {
  const schema = headerSchema(`
    struct Values {
      char text[6]; wchar_t wide[3]; char8_t utf8[3]; BYTE raw[2]; signed char small; char c;
      enum { Off, On } state : 2; enum { Low = -1 } sign : 2; int bits : 3; bool flag : 1;
      const char names[2][3];
    };`);
  const memory = Uint8Array.of(
    ...[0x61, 0x62, 0, 0x63, 0, 0],
    ...[0xe9, 0, 0x3c, 0xd8, 0, 0],
    ...[0xc3, 0xa9, 0],
    ...[1, 2],
    0xff,
    0x80,
    0,
    // The bit fields: 3, -1, -1, and in a unit of their own 1.
    ...[0b1111111, 0, 0, 0],
    1,
    ...[0x78, 0x79, 0x7a, 0x77, 0, 0],
    ...[0, 0, 0, 0, 0],
  );
  assertEquals(schema.byteLength, 32);
  assertEquals(schema.toObject(memory.subarray(0, 32)), {
    text: "ab",
    wide: "é\ud83c",
    utf8: "é",
    raw: Uint8Array.of(1, 2),
    small: -1,
    c: -128,
    state: 3,
    sign: -1,
    bits: -1,
    flag: 1,
    names: ["xyz", "w"],
  });
});

Deno.test("headerSchema() takes the one struct that no other contains, or the one that is named", () => {
  const header = `
    typedef struct _Wheel { float speed; } Wheel;
    struct Car { Wheel wheels[4]; };
    typedef struct Car Race, *PRace;`;
  const found = [undefined, "Car", "Race", "Wheel", "_Wheel"]
    .map((name) => headerSchema(header, name)).map(({ name, byteLength }) => [name, byteLength]);
  assertEquals(found, [["Race", 16], ["Car", 16], ["Race", 16], ["Wheel", 4], ["_Wheel", 4]]);
});

/** Headers that cannot be read, with the message. */
const MISTAKES: readonly [header: string, message: string, struct?: string][] = [
  ["int a;", "There is no struct with a name"],
  ["#define N 4\ntypedef int T;", 'There is no struct "T": the structs are none', "T"],
  [
    "struct A { int a; };\nstruct B { int b; };",
    "There are several structs: choose one of them by --struct: A, B",
  ],
  ["struct Car { int a; };", 'There is no struct "Cra": did you mean "Car"?', "Cra"],
  [
    "struct A {\n  int a;\n  char *name;\n};",
    "line 3: Cannot read a pointer, which has no meaning in another process: use uint32_t for a " +
    "32-bit program, uint64_t for a 64-bit one",
  ],
  [
    "struct A { void (*f)(int); };",
    "line 1: Cannot read a pointer to a function or an array",
  ],
  [
    "/*\n\n*/ struct A {\n HANDLE h; };",
    "line 4: Cannot read a field of type HANDLE: it is a pointer or a handle, which has no meaning " +
    "in another process: use uint32_t for a 32-bit program, uint64_t for a 64-bit one",
  ],
  [
    "struct A { size_t n; };",
    "line 1: Cannot read a field of type size_t: its size differs between 32-bit and 64-bit " +
    "programs: use uint32_t or uint64_t",
  ],
  [
    "struct A { long double d; };",
    "line 1: Cannot read a field of type long double",
  ],
  [
    "struct A { Foo f; };",
    'line 1: There is no type "Foo" before this line. winipc does not follow #include, and does ' +
    "not expand macros with parameters",
  ],
  ["struct A { struct B b; };", 'line 1: There is no struct "B" before this line'],
  ["struct A { struct A a; };", 'line 1: There is no struct "A" before this line'],
  ["struct A { int a[N]; };", 'line 1: There is no constant "N" before this line'],
  ["struct A { int a[-1]; };", "line 1: Expected a length from 1 to 2147483647, got -1"],
  ["struct A { int a[1 / 0]; };", "line 1: Cannot divide by 0"],
  ["struct A { int a[1 << 64]; };", "line 1: Cannot shift by 64"],
  ["struct A { int a[1.5]; };", "line 1: Expected an integer, got 1.5"],
  ["struct A { int a[2] [3; };", 'line 1: The bracket "{" has no end'],
  ["struct A { int a[2 3]; };", 'line 1: Expected "]", got "3"'],
  [
    "struct A { double a[0x7fffffff]; };",
    "line 1: The array has more than 2 GiB",
  ],
  [
    "struct A { int a[0x1fffffff]; int b; };",
    "line 1: The struct has more than 2 GiB",
  ],
  ["struct A { unsigned a : 33; };", "line 1: Expected a bit field of 1 to 32 bits, got 33"],
  ["struct A { unsigned a : 0; };", "line 1: Expected a bit field of 1 to 32 bits, got 0"],
  ["struct A { float a : 3; };", "line 1: Expected the type of a bit field to be an integer"],
  ["struct A { int a; int a; };", 'line 1: There are two members "a"'],
  ["struct A { };", "line 1: The struct has no fields"],
  ["struct A : B { int a; };", "line 1: Cannot read a struct that is derived from another one"],
  ["struct A {\n virtual void f(); };", "line 2: Cannot read a struct with virtual functions"],
  [
    "struct __declspec(align(16)) A { int a; };",
    "line 1: Cannot read __declspec ( align ( 16 ) ): use #pragma pack, or a description",
  ],
  [
    "struct A { alignas(8) int a; };",
    "line 1: Cannot read alignas ( 8 ): use #pragma pack, or a description",
  ],
  [
    "struct Inner { char *p; };\nstruct A { struct Inner i; };",
    "line 1: Cannot read a pointer, which has no meaning in another process: use uint32_t for a " +
    "32-bit program, uint64_t for a 64-bit one",
  ],
  ["struct A { int a", 'line 1: The bracket "{" has no end'],
  ["/* struct A", "line 1: The comment has no end"],
  ["#if 1\nstruct A { int a; };", "line 1: The #if has no #endif"],
  ["#endif", "line 1: There is no #if before"],
  ["#else", "line 1: There is no #if before"],
  ["#if 1 2\n#endif", 'line 1: Expected the end of the line, got "2"'],
  ["#pragma pack(push, 3)", "line 1: Expected an alignment of 1, 2, 4, 8 or 16, got 3"],
  ["#pragma pack(wrong)", "line 1: Cannot read #pragma pack(wrong)"],
  [
    "\n#error stop",
    "line 2: The header has an #error here: winipc reads it as C for 64-bit Windows",
  ],
];

Deno.test("headerSchema() refuses what it cannot read, and names the line", () => {
  for (const [header, message, struct] of MISTAKES) {
    const error = assertThrows(() => headerSchema(header, struct), Deno.errors.InvalidData);
    assertEquals(error.message, message, header);
  }
});

Deno.test("headerSchema() reads a header although it has other things that cannot be read", () => {
  const schema = headerSchema(
    `\ufeff
    #pragma once
    #pragma comment(lib, "don't")
    #if 0
    #error don't "
    '
    #endif
    #include <windows.h>
    #define MAX(a, b) ((a) > (b) ? (a) : (b))
    template <typename T> struct Box { T value; };
    DECLARE_INTERFACE(Foo) { int a; };
    struct Bad { void *p; int a[MAX(1, 2)]; };
    typedef void *Pointer;
    @ $ \`
    int x = { 1, 2 };
    struct Good { int a; };
  `.replaceAll("\n", "\r\n"),
    "Good",
  );
  assertEquals(schema.byteLength, 4);
});

Deno.test("headerSchema() ends soon and refuses a header that is made to take for ever", () => {
  const doubled = (count: number, line: (at: number) => string) =>
    Array.from({ length: count }, (_, at) => line(at)).join("\n");
  const hostile: [header: string, message: string][] = [
    // Macros that become 2^60 tokens, and macros that become none in 2^60 steps.
    [
      `#define M0 int a;\n${doubled(60, (at) => `#define M${at + 1} M${at} M${at}`)}\nM60`,
      "Macros make over 200000 tokens",
    ],
    [
      `#define M0\n${doubled(60, (at) => `#define M${at + 1} M${at} M${at}`)}\nM60`,
      "Macros make over 200000 tokens",
    ],
    [doubled(100, (at) => `#define N${at} N${at + 1}`) + "\nN0", "More than 64 macros expand"],
    ["#define A B\n#define B A\nA", "There is no struct with a name"],
    // Structs with 2^40 fields, and unions with 2^40 fields in few bytes.
    [
      `struct S0 { int a; };\n${
        doubled(28, (at) => `struct S${at + 1} { struct S${at} a; struct S${at} b; };`)
      }`,
      "it has more than 16777216 values",
    ],
    [
      `union S0 { int a; int b; };\n${
        doubled(40, (at) => `union S${at + 1} { union S${at} a; union S${at} b; };`)
      }`,
      "it has more than 16777216 values",
    ],
    [
      `struct A { int a[${"(".repeat(40_000)}1${")".repeat(40_000)}]; };`,
      "more than 100 brackets",
    ],
    [`struct A { int a[${"- ".repeat(40_000)}1]; };`, "more than 100 signs in a row"],
    [`struct A { int a${"[1]".repeat(40_000)}; };`, "a has more than 32 lengths"],
    [
      `${"struct { ".repeat(20_000)}int a;${" } s;".repeat(20_000)}`,
      "There is no struct with a name",
    ],
    [`${"#if 1\n".repeat(20_000)}${"#endif\n".repeat(20_000)}`, "more than 64 #if in each other"],
    [
      `struct A { int a[sizeof(${"int[sizeof(".repeat(20_000)}int${")])".repeat(20_000)}]; };`,
      "more than 64 types within each other",
    ],
    ['"' + '\\"'.repeat(400_000), "There is no struct with a name"],
    [`struct A { ${"char c; ".repeat(70_000)} };`, "There are more than 200000 tokens"],
    ["/".repeat(900_000), "There is no struct with a name"],
    ["( ".repeat(150_000), 'The bracket "(" has no end'],
    [`#define X ${"9".repeat(900_000)}\nstruct A { int a[X]; };`, "The number is too large"],
    ["\\\n".repeat(400_000), "There is no struct with a name"],
  ];
  for (const [header, message] of hostile) {
    const start = performance.now();
    assertThrows(() => headerSchema(header), Deno.errors.InvalidData, message);
    const time = performance.now() - start;
    assert(time < 5000 * SLOWNESS, `${header.slice(0, 40)} took ${time} ms`);
  }
});
