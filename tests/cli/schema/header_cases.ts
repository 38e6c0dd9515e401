/**
 * C headers whose layouts a compiler and the parser must agree about.
 *
 * @module
 */

/** A header and its struct, whose name is unique in all cases. */
export interface HeaderCase {
  readonly struct: string;
  readonly header: string;
}

/** Headers in C. */
export const C_CASES: readonly HeaderCase[] = [
  {
    struct: "Fixed",
    header: `struct Fixed {
      int8_t a; uint8_t b; int16_t c; uint16_t d; int32_t e; uint32_t f; int64_t g; uint64_t h;
      float i; double j; bool k; char l; wchar_t m;
    };`,
  },
  {
    struct: "Words",
    header: `typedef struct {
      char a; signed char b; unsigned char c; short d; unsigned short e; short int f; int g;
      unsigned h; unsigned int i; long j; unsigned long k; long int l; long long m;
      unsigned long long n; long long int o; long unsigned int p; signed q;
      int long unsigned long r; unsigned char s; double t;
    } Words;`,
  },
  {
    struct: "Windows",
    header: `typedef struct _Windows {
      BYTE a; WORD b; DWORD c; UINT d; INT e; LONG f; LONGLONG g; ULONGLONG h; BOOL i; BOOLEAN j;
      FLOAT k; CHAR l[4]; WCHAR m[3]; UCHAR n; USHORT o; ULONG p; SHORT q; DWORD64 r; INT8 s;
      UINT16 t; COLORREF u; HRESULT v; DWORDLONG w; INT64 x; UINT64 y; ATOM z; __int64 aa;
      unsigned __int16 bb; __int8 cc; DOUBLE dd;
    } Windows, *PWindows;`,
  },
  {
    struct: "SystemStructs",
    header: `struct SystemStructs {
      char a; FILETIME b; SYSTEMTIME c; GUID d; LARGE_INTEGER e; char f; ULARGE_INTEGER g; POINT h;
      RECT i; SIZE j;
    };`,
  },
  {
    struct: "Arrays",
    header: `#define COUNT 3
      #define WIDTH (COUNT * 2 + 1)
      enum { FROM_ENUM = 2, NEXT };
      struct Arrays {
        float a[COUNT]; short b[2][WIDTH]; char name[8]; char names[2][5]; wchar_t wide[4];
        wchar_t wides[NEXT][2]; uint8_t raw[0x10]; int8_t small[010]; double c[FROM_ENUM][1][2];
        bool flags[NEXT]; BYTE grid[2][3]; int d['\\x5e' ? sizeof(double) / sizeof(short) : 1];
      };`.replace("'\\x5e' ? ", "'A' == 65 ? "),
  },
  {
    struct: "Nested",
    header: `struct NestedVec { float x, y, z; };
      typedef struct NestedWheel { char kind; double speed; struct NestedVec at[2]; } NestedWheel;
      struct Nested {
        char a;
        NestedWheel wheels[2];
        struct { short b; struct NestedVec c; } inner, inners[2];
        union { int number; float real; char text[6]; } either;
        const volatile NestedWheel last;
      };`,
  },
  {
    struct: "Anonymous",
    header: `struct Anonymous {
      char a;
      union { struct { short lo, hi; }; int both; double wide; };
      struct { char b; union { char c; int d; }; };
    };`,
  },
  {
    struct: "Packed1",
    header: `#pragma pack(push, 1)
      struct Packed1 { char a; double b; short c; struct { char d; int e; } f; int64_t g[2]; };
      #pragma pack(pop)`,
  },
  {
    struct: "PackedMixed",
    header: `#pragma pack(push, 8)
      #pragma pack(push)
      #pragma pack(2)
      typedef struct { char a; double b; } PackedTwo;
      #pragma pack(pop)
      typedef struct { char a; double b; } PackedEight;
      #pragma pack(push, 4)
      struct PackedMixed { char a; PackedTwo b; char c; PackedEight d; char e; long long f; };
      #pragma pack(pop)
      #pragma pack(pop)`,
  },
  {
    struct: "PackedNames",
    header: `#pragma pack(push, outer, 1)
      #pragma pack(push, inner, 2)
      #pragma pack(push)
      #pragma pack(pop, outer)
      struct PackedNames { char a; double b; };
      #define FOUR 4`,
  },
  {
    struct: "PackedPops",
    header: `#pragma pack(push, 1)
      #pragma pack(push, 2)
      #pragma pack(pop)
      struct PackedPopsOne { char a; double b; };
      #pragma pack(pop)
      struct PackedPops { char a; struct PackedPopsOne b; double c; };`,
  },
  {
    struct: "PackedHeader",
    header: `#include <pshpack2.h>
      struct PackedHeader { char a; double b; int c; };
      #include <poppack.h>`,
  },
  {
    struct: "PackedAttribute",
    header: `struct __attribute__((packed)) PackedAttributeInner { char a; int b; };
      typedef struct { char a; struct PackedAttributeInner b; double c; }
        __attribute__((__packed__)) PackedAttribute;`,
  },
  {
    struct: "Bits",
    header: `struct Bits {
      unsigned a : 1; unsigned b : 31; unsigned c : 1; unsigned char d : 3; unsigned char e : 6;
      int f : 5; short g : 7; unsigned short h : 9; uint64_t i : 40; uint64_t j : 24; char k : 2;
      bool l : 1;
    };`,
  },
  {
    struct: "BitsOfSizes",
    header: `struct BitsOfSizes {
      char x; unsigned a : 4; unsigned char b : 4; unsigned c : 4; LONG d : 4; DWORD e : 20;
      char y; long long f : 33; unsigned long long g : 31; int z;
    };`,
  },
  {
    struct: "BitsUnnamed",
    header: `struct BitsUnnamed {
      unsigned a : 3; unsigned : 5; unsigned b : 8; unsigned : 0; unsigned c : 1; char d;
      unsigned char e : 2; unsigned short : 0; char f; int : 0; char g; unsigned char h : 1;
      unsigned : 0;
    };`,
  },
  {
    struct: "BitsZeroLast",
    header: `struct BitsZeroLast { char a; unsigned char b : 1; long long : 0; };`,
  },
  {
    struct: "BitsZeroFirst",
    header:
      `struct BitsZeroFirst { char a; int : 0; char b; unsigned char c : 1; int : 0; char d; };`,
  },
  {
    struct: "BitsPacked",
    header: `#pragma pack(push, 1)
      struct BitsPacked { char x; unsigned a : 4; unsigned b : 30; unsigned short c : 9; char y; };
      #pragma pack(pop)`,
  },
  {
    struct: "BitsUnion",
    header: `struct BitsUnion {
      char a;
      union { unsigned low : 4; unsigned char c; struct { unsigned d : 2, e : 3; } parts; uint16_t : 3; };
      char b;
    };`,
  },
  {
    struct: "Enums",
    header: `typedef enum { Off, On = 5, Last } EnumsState;
      enum EnumsSign { Minus = -1, Plus };
      struct Enums {
        char a; EnumsState b; char c; enum EnumsSign d; enum { Inner = 3 } e; int f[Last];
        EnumsState g : 3; int h[Inner];
      };`,
  },
  {
    struct: "Conditions",
    header: `#ifndef CONDITIONS_H
      #define CONDITIONS_H
      #ifdef CONDITIONS_H
      #define CONDITIONS_LENGTH 3
      #else
      #error never
      #endif
      #if defined(_WIN32) && !defined CONDITIONS_NEVER && CONDITIONS_LENGTH > 2
      # if 0
        this is not C }
      # elif CONDITIONS_LENGTH << 1 == 6
      #define CONDITIONS_TYPE unsigned short
      # else
      #define CONDITIONS_TYPE double
      # endif
      #elif 1 / 0
      #endif
      struct Conditions { char a; CONDITIONS_TYPE b[CONDITIONS_LENGTH]; /* char c; */ int d; // int e;
      #if 1
        double f;
      #else
        char g;
      #endif
      };
      #undef CONDITIONS_LENGTH
      #endif`,
  },
  {
    struct: "Macros",
    header: `#define MACROS_BEGIN typedef struct {
      #define MACROS_END(x) } x;
      #define MACROS_LENGTH \\
        (MACROS_ONE + \\
         MACROS_TWO)
      #define MACROS_ONE 1
      #define MACROS_TWO 2u
      #define MACROS_FIELD double
      MACROS_BEGIN
        char a; MACROS_FIELD b[MACROS_LENGTH]; int c[0x2 | 4]; int d[~0 & 3]; int e[(1 ? 2 : 3)];
        int f[7 % 4 * 2 - 1]; int g[!0 + (2 >= 2)]; int h[(int)sizeof(int)]; int i[-(-2)];
      } Macros;`,
  },
  {
    struct: "Others",
    header: `typedef int (*OthersCallback)(int, char *);
      typedef struct OthersNode OthersNode;
      struct OthersNode { OthersNode *next; char *name; void (*call)(void); };
      extern int othersVariable;
      extern int othersArray[4];
      int othersFunction(const char *text, struct OthersNode *node);
      static inline int othersInline(int a) { if (a) { return 1; } return a; }
      _Static_assert(sizeof(int) == 4, "(");
      typedef float OthersVector[3], OthersMatrix[2][2];
      typedef char OthersName[6];
      struct Others {
        char a; OthersVector b; OthersVector c[2]; OthersMatrix d[3]; OthersName e; OthersName f[2];
      };`,
  },
  {
    struct: "Forward",
    header: `typedef struct ForwardTag Forward;
      typedef union ForwardPart { char a[3]; short b; } ForwardPart;
      struct ForwardTag { char a; union ForwardPart b; ForwardPart c; };`,
  },
  {
    struct: "Flexible",
    header: `struct Flexible { char a; short b; double rest[]; };`,
  },
  {
    struct: "UnionRoot",
    header:
      `typedef union UnionRoot { char a[5]; int b; struct { short c; char d; } e[2]; } UnionRoot;`,
  },
  {
    struct: "Volatile",
    header: `struct Volatile {
      volatile LONG a; const char b; volatile const short c, d[2], e; int const f;
    };`,
  },
  {
    struct: "Deep",
    header:
      `struct Deep { struct { struct { struct { char a; double b; } c[2]; char d; } e; } f[2]; };`,
  },
  {
    struct: "Mumble",
    header: `struct Mumble {
      UINT32 uiVersion; DWORD uiTick; float fAvatarPosition[3]; float fAvatarFront[3];
      float fAvatarTop[3]; wchar_t name[256]; float fCameraPosition[3]; float fCameraFront[3];
      float fCameraTop[3]; wchar_t identity[256]; UINT32 context_len; unsigned char context[256];
      wchar_t description[2048];
    };`,
  },
];
