/**
 * The memory of iRacing: a header, descriptions of the variables, up to 4 buffers with values, and
 * the session as YAML.
 *
 * The game fills the buffers in turn, and then gives each a higher tick. So the buffer with the
 * highest tick is complete, and the game overwrites it last: after all others. A copy of the memory
 * takes less time than that.
 *
 * @see {@link https://github.com/vipoo/irsdk/blob/c21261e/irsdk_defines.h}
 * @module
 */

import { ansi, array, struct, type ValueOf } from "../../../struct/mod.ts";
import type { MemoryCopy } from "./memory_copy.ts";
import { memorySchema } from "./memory_schema.ts";
import { group, listOf, type Part, type Parts } from "./part.ts";
import type { Shipped } from "./shipped.ts";

const MAX_BUFFERS = 4;
/** Maximum size of a buffer in bytes. The game's buffers have some thousands. */
const MAX_BUFFER_LENGTH = 2 ** 18;

const Buffer = struct({ tickCount: "i32", offset: "i32" }, { byteLength: 16 });

/** `tickRate` is in ticks per second. Bit 0 of `status` says that the game is running. */
export const Header = struct({
  version: "i32",
  status: "i32",
  tickRate: "i32",
  sessionInfoUpdate: "i32",
  sessionInfoLength: "i32",
  sessionInfoOffset: "i32",
  variableCount: "i32",
  variablesOffset: "i32",
  bufferCount: "i32",
  bufferLength: "i32",
  buffers: { type: array(Buffer, MAX_BUFFERS), offset: 48 },
});

export const Variable = struct({
  type: "i32",
  offset: "i32",
  count: "i32",
  name: { type: ansi(32), offset: 16 },
  description: ansi(64),
  unit: ansi(32),
});

/** The types of variables by their number, with their sizes in bytes. Type 3 is bits. */
const TYPES = [
  { type: "u8", size: 1 },
  { type: "bool", size: 1 },
  { type: "i32", size: 4 },
  { type: "u32", size: 4 },
  { type: "f32", size: 4 },
  { type: "f64", size: 8 },
] as const;
/** The type of texts. */
const TEXT = 0;

type HeaderValue = ValueOf<typeof Header>;
type VariableValue = ValueOf<typeof Variable>;

export const IRACING: Shipped = {
  names: ["IRSDKMemMapFileName"],
  schema: memorySchema({
    name: "iRacing",
    byteLength: Header.byteLength,
    partsOf(memory) {
      const header = Header.read(memory.bytes);
      if (header.version === 0) {
        throw new Deno.errors.InvalidData("iRacing has not written its memory yet");
      }
      return {
        ...memory.fields(Header, 0, ["version", "status", "tickRate"]),
        ...bufferParts(memory, header),
        ...memory.fields(Header, 0, ["sessionInfoUpdate"]),
        sessionInfo: sessionOf(memory, header),
      };
    },
    isWhole(copy, now) {
      const newest = newestOf(Header.read(copy.bytes));
      if (newest === undefined) return true;
      const { bufferCount, buffers } = Header.read(now.bytes);
      const ticks = buffers.slice(0, bufferCount).map(({ tickCount }) => tickCount);
      // The game overwrites the buffer with the lowest tick. So one must be lower than the newest.
      return ticks[newest.index] === newest.tick &&
        ticks.some((tick) => isLater(newest.tick, tick));
    },
  }),
};

/** The complete buffer with the latest values. */
interface Newest {
  readonly index: number;
  readonly tick: number;
  readonly offset: number;
}

/** Returns the newest buffer, or `undefined` if all ticks are equal: then none is filled yet. */
function newestOf({ buffers, bufferCount }: HeaderValue): Newest | undefined {
  const found = buffers.slice(0, Math.max(bufferCount, 0))
    .map(({ tickCount: tick, offset }, index) => ({ index, tick, offset }));
  const [first] = found;
  if (first === undefined) return undefined;
  const newest = found.reduce((newest, other) => isLater(other.tick, newest.tick) ? other : newest);
  return found.some(({ tick }) => isLater(newest.tick, tick)) ? newest : undefined;
}

/** Compares ticks that can wrap. */
function isLater(tick: number, other: number): boolean {
  return (tick - other | 0) > 0;
}

/** Returns the newest values and the units, by the names of the variables. */
function bufferParts(memory: MemoryCopy, header: HeaderValue): Parts {
  const { bufferCount, bufferLength, variableCount, variablesOffset } = header;
  if (bufferCount < 0 || bufferCount > MAX_BUFFERS) {
    throw memory.corrupt(`it has ${bufferCount} buffers, and not 1 to ${MAX_BUFFERS}`);
  }
  if (bufferLength < 0 || bufferLength > MAX_BUFFER_LENGTH) {
    throw memory.corrupt(`its buffers have ${bufferLength} bytes, not up to ${MAX_BUFFER_LENGTH}`);
  }
  const newest = newestOf(header);
  if (newest !== undefined) memory.assertWithin("the newest buffer", newest.offset, bufferLength);
  memory.assertWithin(
    `${variableCount} variables`,
    variablesOffset,
    variableCount * Variable.byteLength,
  );
  const [values, units]: [[string, Part][], [string, Part][]] = [[], []];
  /** The bytes of all variables, which do not overlap. So a corrupt header cannot give too many. */
  let taken = 0;
  for (let index = 0; index < variableCount; index++) {
    const at = variablesOffset + index * Variable.byteLength;
    const variable = Variable.read(memory.bytes, at);
    taken += assertVariable(memory, variable, bufferLength);
    if (taken > bufferLength) throw memory.corrupt("its variables take more than a buffer");
    const { name } = variable;
    if (newest !== undefined) values.push([name, valueAt(memory, newest.offset, variable)]);
    if (variable.unit !== "") {
      units.push([name, memory.value(ansi(32), at + Variable.offsetOf("unit"))]);
    }
  }
  return {
    tick: newest && memory.value("i32", Header.offsetOf(`buffers[${newest.index}].tickCount`)),
    values: newest && group(Object.fromEntries(values)),
    units: group(Object.fromEntries(units)),
  };
}

/** Returns the number of bytes of a variable, if its description is valid. */
function assertVariable(
  memory: MemoryCopy,
  { type, offset, count, name }: VariableValue,
  bufferLength: number,
): number {
  const size = TYPES[type]?.size;
  if (!/^[A-Za-z_]\w*$/.test(name) || size === undefined) {
    throw memory.corrupt(`it has a variable ${JSON.stringify(name)} of type ${type}`);
  }
  if (offset < 0 || count < 1 || offset + count * size > bufferLength) {
    throw memory.corrupt(
      `${count} values of ${name} at ${offset} are not in a buffer of ${bufferLength} bytes`,
    );
  }
  return count * size;
}

/** Returns the value of a variable whose description is valid: a list if there are several. */
function valueAt(memory: MemoryCopy, buffer: number, variable: VariableValue): Part {
  const { count } = variable;
  const offset = buffer + variable.offset;
  const { type, size } = TYPES[variable.type] ?? TYPES[TEXT];
  if (variable.type === TEXT) return memory.value(ansi(count), offset);
  if (count === 1) return memory.value(type, offset);
  return listOf(count, (index) => memory.value(type, offset + index * size));
}

/** Returns the session's description as YAML, if there is one. */
function sessionOf(memory: MemoryCopy, header: HeaderValue): Part | undefined {
  const { sessionInfoOffset: offset, sessionInfoLength: length } = header;
  if (length === 0) return undefined;
  memory.assertWithin("the session", offset, length);
  return memory.value(ansi(length), offset);
}
