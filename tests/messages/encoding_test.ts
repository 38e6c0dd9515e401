import {
  assertEquals,
  assertGreater,
  assertInstanceOf,
  assertLess,
  assertThrows,
} from "@std/assert";
import { codeOf, Win32Error } from "../../ffi/error.ts";
import { CopyDataMessage, struct, utf16 } from "../../mod.ts";
import { decodeText, encodeText, type TextEncoding } from "../../src/messages/encoding.ts";

Deno.test("encodeText() encodes in UTF-16 by default, and in another encoding on request", () => {
  assertEquals(encodeText("Aé"), Uint8Array.of(0x41, 0, 0xe9, 0));
  assertEquals(encodeText("Aé", "utf-8"), Uint8Array.of(0x41, 0xc3, 0xa9));
  assertEquals(encodeText("数据", { codePage: 936 }), Uint8Array.of(0xca, 0xfd, 0xbe, 0xdd));
  assertEquals(encodeText("é", { codePage: 1252 }), Uint8Array.of(0xe9));
  assertEquals(encodeText("plain", "ansi"), new TextEncoder().encode("plain"));
});

Deno.test("decodeText() returns the text that encodeText() has encoded, in every encoding", () => {
  const encodings: TextEncoding[] = ["utf-16le", "utf-8", { codePage: 65001 }];
  for (const encoding of encodings) {
    for (const text of ["", "a", "数据 – é 𝄞", "x".repeat(100_000), "\ufeffa"]) {
      assertEquals(decodeText(encodeText(text, encoding), encoding), text);
    }
  }
});

Deno.test("decodeText() stops at the first NUL", () => {
  for (const encoding of ["utf-16le", "utf-8", "ansi", { codePage: 936 }] as const) {
    assertEquals(decodeText(encodeText("text\0rest", encoding), encoding), "text");
  }
});

Deno.test("decodeText() returns U+FFFD for bytes that are not valid text", () => {
  assertEquals(decodeText(Uint8Array.of(0x41, 0, 0x42)), "A\ufffd");
  assertEquals(decodeText(Uint8Array.of(0xff, 0x41), "utf-8"), "\ufffdA");
});

Deno.test("encodeText() throws TypeError for a character that the code page lacks", () => {
  assertThrows(() => encodeText("数", { codePage: 1252 }), TypeError, "the encoding has no code");
});

Deno.test("encodeText() does not replace a character by a character that looks like it", () => {
  const rows: [text: string, codePage: number, sign: string][] = [
    ["∞", 1252, '"∞" at 0'],
    ["a＂ & calc", 1252, '"＂" at 1'],
    ["x／..", 1252, '"／" at 1'],
    ["Ａ", 1252, '"Ａ" at 0'],
    ["é", 20127, '"é" at 0'],
    ["¥", 932, '"¥" at 0'],
    ["𝄞", 1252, '"𝄞" at 0'],
    // The code page has two characters for this one, so the bytes would read as another text.
    ["ế", 1258, '"ế" at 0'],
    // UTF-8 and code page 1252 have no bytes for a lone surrogate.
    ["a\ud800", 65001, '"\\ud800" at 1'],
    ["\udc00b", 1252, '"\\udc00" at 0'],
  ];
  for (const [text, codePage, sign] of rows) {
    const error = assertThrows(() => encodeText(text, { codePage }), TypeError, sign);
    assertEquals(
      error.message.includes(`the text in code page ${codePage}: the encoding has no code`),
      true,
    );
  }
  assertThrows(() => encodeText("∞", "ansi"), TypeError, "in the system's code page");
  // Code page 42 has only symbols, and Windows substitutes nothing in it.
  assertThrows(() => encodeText("∞", { codePage: 42 }), TypeError, "in code page 42");
  const long = `${"x".repeat(1_000_000)}∞`;
  const { message } = assertThrows(() => encodeText(long, "ansi"), TypeError, "at 1000000 of");
  assertLess(message.length, 300);
  assertThrows(() => encodeText("a\ud800", "utf-8"), TypeError, 'no code for "\\ud800" at 1 of');
});

Deno.test("encodeText() encodes all characters that a code page has", () => {
  const rows: [codePage: number, text: string][] = [
    [1252, "“€” – ½ ÿ\u0081"],
    [437, "∞ ≡ ▒"],
    [932, "ｱ日本―～"],
    [936, "数据€"],
    [65000, "∞é+𝄞\ud800"],
    [65001, "∞é𝄞\ufffd"],
  ];
  for (const [codePage, text] of rows) {
    assertEquals(decodeText(encodeText(text, { codePage }), { codePage }), text, `${codePage}`);
  }
});

// Windows has GB18030 and the stateful ISO-2022-JP. For these it has no flag against characters
// that look alike, so encodeText() must read the bytes back. Wine 10 has neither code page.
for (const [codePage, text] of [[54936, "∞𝄞数"], [50220, "日本 a"]] as const) {
  Deno.test(`encodeText() encodes in code page ${codePage} without loss, or throws`, () => {
    try {
      assertEquals(decodeText(encodeText(text, { codePage }), { codePage }), text);
    } catch (error) {
      assertEquals(codeOf(error), 87);
    }
    assertThrows(() => encodeText("\ud800", { codePage }));
  });
}

/** Code pages of every kind: of PCs, of mainframes, of Macs, of Unix, of two bytes, and UTF-7. */
const PAGES = [37, 437, 500, 708, 737, 850, 864, 866, 874, 932, 936, 949, 950, 1026, 1250, 1251]
  .concat([1253, 1255, 1258, 1361, 10000, 10006, 10081, 20127, 20866, 20932, 28591, 28595, 65000]);

Deno.test("encodeText() writes each character whole or not at all, in code pages of every kind", () => {
  let [written, refused] = [0, 0];
  for (const codePage of PAGES) {
    for (let unit = 1; unit < 0x1_0000; unit += 97) {
      const text = `a${String.fromCharCode(unit)}b`;
      try {
        assertEquals(decodeText(encodeText(text, { codePage }), { codePage }), text, `${codePage}`);
        written++;
      } catch (error) {
        assertInstanceOf(error, TypeError);
        refused++;
      }
    }
  }
  assertGreater(written, 1000);
  assertGreater(refused, 10_000);
});

Deno.test("CopyDataMessage.text() keeps lone surrogates, as a utf16 field of a struct does", () => {
  for (const text of ["\ud800a", "a\udc00", "\udd1e\ud834"]) {
    const message = new CopyDataMessage({ id: 0n, bytes: encodeText(text), sender: 0n });
    assertEquals(message.text(), text);
    const Field = struct({ text: utf16(4) });
    const memory = new ArrayBuffer(Field.byteLength);
    Field.write(memory, { text });
    assertEquals(Field.read(memory).text, message.text());
  }
});

Deno.test("decodeText() and encodeText() keep lone surrogates in UTF-16, because names in Windows can have them", () => {
  for (const text of ["\ud800", "a\udc00b", "\udd1e\ud834", "\ufeff\ufffe\uffff"]) {
    assertEquals(decodeText(encodeText(text)), text);
  }
});

Deno.test("encodeText() and decodeText() throw for an invalid encoding", () => {
  for (const encoding of ["utf-7", {}, 936, null]) {
    // @ts-expect-error: the call must also fail at run time
    assertThrows(() => encodeText("a", encoding), TypeError, "Expected encoding to be");
  }
  // @ts-expect-error: the call must also fail at run time
  assertThrows(() => encodeText("a", { codepage: 1252 }), TypeError, 'did you mean "codePage"?');
  for (const codePage of [-1, 65_536, 1.5]) {
    assertThrows(() => decodeText(Uint8Array.of(65), { codePage }), RangeError, "codePage");
  }
  const codePage = 12_345;
  for (
    const call of [
      () => encodeText("a", { codePage }),
      () => decodeText(Uint8Array.of(65), { codePage }),
    ]
  ) {
    assertThrows(call, Win32Error, "Windows has no such code page");
  }
});
