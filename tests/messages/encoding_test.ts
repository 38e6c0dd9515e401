import { assertEquals, assertThrows } from "@std/assert";
import { decodeText, encodeText, type TextEncoding } from "../../src/messages/encoding.ts";

Deno.test("encodeText() writes UTF-16 unless told otherwise", () => {
  assertEquals(encodeText("Aé"), Uint8Array.of(0x41, 0, 0xe9, 0));
  assertEquals(encodeText("Aé", "utf-8"), Uint8Array.of(0x41, 0xc3, 0xa9));
  assertEquals(encodeText("数据", { codePage: 936 }), Uint8Array.of(0xca, 0xfd, 0xbe, 0xdd));
  assertEquals(encodeText("é", { codePage: 1252 }), Uint8Array.of(0xe9));
  assertEquals(encodeText("plain", "ansi"), new TextEncoder().encode("plain"));
});

Deno.test("decodeText() reads what encodeText() wrote, in every encoding", () => {
  const encodings: TextEncoding[] = ["utf-16le", "utf-8", { codePage: 65001 }];
  for (const encoding of encodings) {
    for (const text of ["", "a", "数据 – é 𝄞", "x".repeat(100_000), "\ufeffa"]) {
      assertEquals(decodeText(encodeText(text, encoding), encoding), text);
    }
  }
});

Deno.test("decodeText() stops at a NUL, for some senders count it in", () => {
  for (const encoding of ["utf-16le", "utf-8", "ansi", { codePage: 936 }] as const) {
    assertEquals(decodeText(encodeText("text\0rest", encoding), encoding), "text");
  }
});

Deno.test("decodeText() survives bytes that are no text", () => {
  assertEquals(decodeText(Uint8Array.of(0x41, 0, 0x42)), "A\ufffd");
  assertEquals(decodeText(Uint8Array.of(0xff, 0x41), "utf-8"), "\ufffdA");
});

Deno.test("encodeText() refuses what a code page has no sign for", () => {
  assertThrows(() => encodeText("数", { codePage: 1252 }), TypeError, "it has no sign");
});

Deno.test("encodeText() and decodeText() refuse encodings that are none", () => {
  for (const encoding of ["utf-7", {}, 936, null]) {
    // @ts-expect-error: what the type checker refuses is refused at run time too
    assertThrows(() => encodeText("a", encoding), TypeError, "Expected encoding to be");
  }
  for (const codePage of [-1, 65_536, 1.5]) {
    assertThrows(() => decodeText(Uint8Array.of(65), { codePage }), RangeError, "codePage");
  }
  assertThrows(() => encodeText("a", { codePage: 12_345 }), Error, "WideCharToMultiByte failed");
  assertThrows(
    () => decodeText(Uint8Array.of(65), { codePage: 12_345 }),
    Error,
    "MultiByteToWideChar failed",
  );
});
