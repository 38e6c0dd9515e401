import { assertEquals, assertThrows } from "@std/assert";
import { LatestValue } from "../../../src/channel/mod.ts";
import { bytesReaderOf, bytesWriterOf } from "../../../src/channel/latest/bytes.ts";
import { struct } from "../../../mod.ts";
import { randomName } from "../../support/random_name.ts";

const Lap = struct({ seconds: "f64", lap: "u8" }, { pack: 1 });

Deno.test("A value that is read as bytes and written as bytes is the same value", async () => {
  using from = LatestValue.create(randomName(), Lap);
  using to = LatestValue.create(randomName(), Lap);
  using writer = from.writer();
  using reader = to.reader();
  using bytesReader = bytesReaderOf(from);
  using bytesWriter = bytesWriterOf(to);
  assertEquals(bytesReader.read(), undefined);
  writer.write({ seconds: 81.5, lap: 3 });
  const bytes = bytesReader.read()!;
  assertEquals(bytes.length, 9);
  bytesWriter.write(bytes);
  assertEquals(reader.read(), { seconds: 81.5, lap: 3 });
  writer.write({ lap: 4 });
  assertEquals(Lap.read(bytes), { seconds: 81.5, lap: 3 }, "a copy stays as it is");
  writer.close();
  const laps = await Array.fromAsync(bytesReader.changes({ timeout: 5000 }));
  assertEquals(laps.map((lap) => Lap.read(lap)), [{ seconds: 81.5, lap: 4 }]);
});

Deno.test("A writer of bytes is the only writer, and refuses values of another length", () => {
  using value = LatestValue.create(randomName(), Lap);
  const writer = bytesWriterOf(value);
  assertThrows(() => value.writer(), Deno.errors.Busy, "has a writer already");
  assertThrows(() => bytesWriterOf(value), Deno.errors.Busy, "has a writer already");
  assertThrows(
    () => writer.write(new Uint8Array(10)),
    RangeError,
    `Expected a value of 9 bytes for the latest value "${value.name}", got 10`,
  );
  writer.close();
  assertThrows(
    () => writer.write(new Uint8Array(9)),
    Deno.errors.BadResource,
    `The writer of latest value "${value.name}" is closed`,
  );
  using next = value.writer();
  assertEquals(next.closed, false);
});

Deno.test("The ends that read and write bytes are closed with their latest value", () => {
  const value = LatestValue.create(randomName(), Lap);
  const reader = bytesReaderOf(value);
  const writer = bytesWriterOf(value);
  value.close();
  assertEquals([reader.closed, writer.closed], [true, true]);
  assertThrows(() => reader.read(), Deno.errors.BadResource, "is closed");
  assertThrows(() => bytesReaderOf(value), Deno.errors.BadResource, "is closed");
  assertThrows(() => bytesWriterOf(value), Deno.errors.BadResource, "is closed");
});
