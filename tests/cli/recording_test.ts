// Task: test:command
//
// The format of recordings: a file that was cut off, and a file that somebody changed.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { TapForm } from "../../src/channel/tap/form.ts";
import { RecordingReader, type RecordingRecord } from "../../src/cli/recording/reader.ts";
import { RecordingWriter } from "../../src/cli/recording/writer.ts";
import { struct } from "../../mod.ts";

const { signature, layoutHash } = struct({ price: "f64", size: "u32" });
const BROADCAST: TapForm = {
  kind: "broadcast",
  settings: { capacity: 4096, maxMessageLength: 300 },
  layout: { signature, layoutHash },
};
const FRAME: TapForm = {
  kind: "frame",
  settings: { byteLength: 3_000_000, slots: 4, maxReaders: 2 },
};

type Message = Extract<RecordingRecord, { type: "message" }>;

/** Writes a recording into a temporary file, and returns its bytes. */
async function write(
  form: TapForm,
  fill: (writer: RecordingWriter) => Promise<void> | void,
): Promise<Uint8Array<ArrayBuffer>> {
  const path = Deno.makeTempFileSync();
  try {
    {
      await using writer = await RecordingWriter.create(path, {
        form,
        name: "Local\\é",
        force: true,
      });
      await fill(writer);
      await writer.end("closed");
    }
    return Deno.readFileSync(path);
  } finally {
    Deno.removeSync(path);
  }
}

/** A file for many contents, one after another. */
class Contents implements Disposable {
  readonly path = Deno.makeTempFileSync();

  async records(bytes: Uint8Array): Promise<RecordingRecord[]> {
    Deno.writeFileSync(this.path, bytes);
    using reader = await RecordingReader.open(this.path);
    const records: RecordingRecord[] = [];
    for (let record; (record = await reader.next()) !== undefined;) {
      records.push(record.type === "message" ? { ...record, bytes: record.bytes.slice() } : record);
    }
    return records;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path);
  }
}

function isMessage(record: RecordingRecord): record is Message {
  return record.type === "message";
}

Deno.test("a recording has its header, messages, missed counts and its end", async () => {
  const bytes = await write(BROADCAST, (writer) => {
    writer.add({ bytes: Uint8Array.of(1, 2), missed: 0 });
    writer.add({ bytes: new Uint8Array(300).fill(3), missed: 5 });
  });
  const path = Deno.makeTempFileSync();
  Deno.writeFileSync(path, bytes);
  {
    using reader = await RecordingReader.open(path);
    assertEquals(reader.header.form, BROADCAST);
    assertEquals(reader.header.name, "Local\\é");
    assert(Math.abs(Date.now() - reader.header.start) < 60_000);
  }
  Deno.removeSync(path);
  using contents = new Contents();
  const records = await contents.records(bytes);
  const [first, missed, second, end] = records;
  assertEquals(records.map(({ type }) => type), ["message", "missed", "message", "end"]);
  assertEquals(records.filter(isMessage).map(({ bytes }) => bytes), [
    Uint8Array.of(1, 2),
    new Uint8Array(300).fill(3),
  ]);
  assertEquals(missed, { type: "missed", time: second!.time, count: 5 });
  assertEquals(end, { type: "end", time: end!.time, reason: "closed" });
  assert(first!.time <= second!.time && second!.time <= end!.time);
});

Deno.test("frames keep their metadata, and are longer than the recorder's buffer", async () => {
  const frame = { number: 1, length: 3_000_000, metadata: { width: 1000 } };
  const picture = crypto.getRandomValues(new Uint8Array(60_000));
  const large = new Uint8Array(3_000_000).fill(9);
  const bytes = await write(FRAME, async (writer) => {
    await writer.add({ bytes: picture, missed: 0, frame: { ...frame, metadata: undefined } });
    await writer.add({ bytes: large, missed: 0, frame });
  });
  using contents = new Contents();
  const [first, second] = (await contents.records(bytes)).filter(isMessage);
  assertEquals(first!.bytes, picture);
  assertEquals(first!.metadata, undefined);
  assertEquals(second!.bytes, large);
  assert(second!.metadata!.length > 0);
});

Deno.test("a recording that was cut anywhere has its whole messages up to there", async () => {
  const lengths = [0, 1, 130, 0, 7];
  const bytes = await write(BROADCAST, (writer) => {
    for (const length of lengths) {
      writer.add({ bytes: new Uint8Array(length).fill(length), missed: length === 7 ? 2 : 0 });
    }
  });
  using contents = new Contents();
  const whole = await contents.records(bytes);
  const all = whole.filter(isMessage);
  assertEquals(all.map(({ bytes }) => bytes.length), lengths);
  const headerLength = new DataView(bytes.buffer).getUint32(12, true);
  const counts = new Set<number>();
  for (let end = headerLength; end < bytes.length; end++) {
    const records = await contents.records(bytes.subarray(0, end));
    const messages = records.filter(isMessage);
    assertEquals(messages, all.slice(0, messages.length));
    assertEquals(records.at(-1)!.type, "cut", `cut at ${end}`);
    counts.add(messages.length);
  }
  assertEquals([...counts], [0, 1, 2, 3, 4, 5]);
  // What a power failure can leave: zeros in place of the last bytes.
  const zeros = bytes.slice();
  zeros.fill(0, headerLength + 3);
  assertEquals((await contents.records(zeros)).map(({ type }) => type), ["message", "cut"]);
  for (const end of [0, 8, 47, headerLength - 1]) {
    const error = await assertRejects(
      () => contents.records(bytes.subarray(0, end)),
      Deno.errors.InvalidData,
    );
    assert(/begin with WIPCREC|is cut off/.test(error.message), error.message);
  }
});

Deno.test("bytes after the end of a recording are refused with their offset", async () => {
  const bytes = await write(BROADCAST, (writer) => {
    writer.add({ bytes: new Uint8Array(20), missed: 0 });
  });
  using contents = new Contents();
  // Zeros, a whole recording, and more than the reader's buffer has.
  for (const rest of [new Uint8Array(1), bytes, new Uint8Array(300_000).fill(7)]) {
    const longer = Uint8Array.from([...bytes, ...rest]);
    const error = await assertRejects(() => contents.records(longer), Deno.errors.InvalidData);
    assertEquals(
      error.message,
      `"${contents.path}" is corrupt at its byte ${bytes.length}: bytes follow its end`,
    );
  }
});

Deno.test("a changed byte of a recording is refused, or changes only what is recorded", async () => {
  const bytes = await write(BROADCAST, (writer) => {
    writer.add({ bytes: new Uint8Array(20).fill(1), missed: 3 });
    writer.add({ bytes: new Uint8Array(2).fill(2), missed: 0 });
  });
  using contents = new Contents();
  let refused = 0;
  for (let at = 0; at < bytes.length; at++) {
    for (const value of [0, 0x7f, 0xff]) {
      const changed = bytes.slice();
      changed[at] = value;
      try {
        const records = await contents.records(changed);
        const found = records.filter(isMessage);
        assert(found.every(({ bytes }) => bytes.length <= 2 ** 16), `${value} at ${at}`);
        assert(records.length <= bytes.length, `${value} at ${at}`);
      } catch (error) {
        if (!(error instanceof Deno.errors.InvalidData)) throw error;
        refused++;
      }
    }
  }
  assert(refused > 100, `${refused} refused`);
});

Deno.test("lengths and times that cannot be are refused before memory is allocated", async () => {
  const header = (await write(BROADCAST, () => {})).slice();
  const start = header.subarray(0, new DataView(header.buffer).getUint32(12, true));
  using contents = new Contents();
  const huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
  const endless = Array<number>(9).fill(0xff);
  const cases: [number[], string][] = [
    [[1, 0, 0xad, 0x02], "it has 301 bytes, and messages have 0 to 300"],
    [[1, 0, ...huge], "it has 9007199254740991 bytes, and messages have 0 to 300"],
    [[1, ...endless], "its time NaN is before 0"],
    [[1, 5, 0, 1, 4, 0], "its time 4 is before 5"],
    [[4, 0, 1, 0, 0], "it has metadata of 1 bytes"],
    [[2, 0, 0], "it says that 0 messages were missed"],
    [[3, 0, 9], "it has the type 3 and the number 9"],
    [[3, 0, 1, 1], "it counts 1 messages, and there are 0"],
    [[9, 0, 0], "it has the type 9 and the number 0"],
  ];
  for (const [record, why] of cases) {
    const error = await assertRejects(
      () => contents.records(Uint8Array.from([...start, ...record])),
      Deno.errors.InvalidData,
    );
    const at = why.startsWith("its time 4") ? start.length + 3 : start.length;
    assertEquals(
      error.message,
      `"${contents.path}" is corrupt at its byte ${at}: ${why}`,
    );
  }
});

Deno.test("a recorder whose disk is full says so, and does not write on", async () => {
  const path = Deno.makeTempFileSync();
  const { write } = Deno.FsFile.prototype;
  const full = () => Promise.reject(new Error("There is not enough space on the disk"));
  try {
    await using writer = await RecordingWriter.create(path, {
      form: FRAME,
      name: "Local\\x",
      force: true,
    });
    Deno.FsFile.prototype.write = full;
    const message = { bytes: new Uint8Array(600_000), missed: 0 };
    const expected = `Cannot write to "${path}": There is not enough space on the disk`;
    assertEquals(writer.add(message), undefined);
    // The second message begins to write the first; the third notices that this failed.
    await writer.add(message);
    await assertRejects(async () => await writer.add(message), Error, expected);
    await assertRejects(() => writer.flush(), Error, expected);
    await assertRejects(() => writer.end("stopped"), Error, expected);
  } finally {
    Deno.FsFile.prototype.write = write;
    Deno.removeSync(path);
  }
});

Deno.test("a recorder writes one part after another, also if a timer flushes meanwhile", async () => {
  const { write: original } = Deno.FsFile.prototype;
  let [active, most] = [0, 0];
  Deno.FsFile.prototype.write = async function (bytes) {
    most = Math.max(most, ++active);
    await new Promise((resolve) => setTimeout(resolve, 2));
    // A part of the bytes, as the system may do.
    const written = await original.call(this, bytes.subarray(0, 700_000));
    active--;
    return written;
  };
  const lengths = [10, 2_000_000, 900_000, 0, 1_500_000, 700_000, 700_000, 3];
  let bytes: Uint8Array;
  try {
    bytes = await write(FRAME, async (writer) => {
      const timer = setInterval(() => void writer.flush(), 1);
      for (const [number, length] of lengths.entries()) {
        const frame = { number, length, metadata: number };
        await writer.add({ bytes: new Uint8Array(length).fill(number), missed: 0, frame });
      }
      clearInterval(timer);
    });
  } finally {
    Deno.FsFile.prototype.write = original;
  }
  assertEquals(most, 1);
  using contents = new Contents();
  const records = await contents.records(bytes);
  assertEquals(records.at(-1)!.type, "end");
  const messages = records.filter(isMessage);
  assertEquals(messages.map(({ bytes }) => bytes.length), lengths);
  assert(messages.every(({ bytes }, number) => bytes.every((byte) => byte === number)));
});
