/**
 * Watches all accesses of the unchanged library to some memory.
 *
 * @module
 */

/** An access to memory. */
export interface Access {
  /** The method of `Atomics` or of a typed array. `get` and `put` mean access by `[]`. */
  readonly method: string;
  /** Whether the method is one of `Atomics`. */
  readonly isAtomic: boolean;
  /** Whether the access writes. */
  readonly isWrite: boolean;
  /** Index of the first word of the access, from the beginning of the memory. */
  readonly word: number;
  /** Index of the word after the last word of the access. */
  readonly end: number;
  /** The arguments after the index: values that are written, or compared and written. */
  readonly values: readonly unknown[];
}

/**
 * Is called before an access. It can call `make`, which makes the access, and returns the result.
 */
export type OnAccess = (access: Access, make: () => unknown) => unknown;

/** Options of {@linkcode watchMemory}. */
export interface WatchOptions {
  /** Index of a word whose `compareExchange` takes two steps, as a fault. @default none */
  torn?: number | undefined;
  /** Whether an access to many words is one access for each word. @default false */
  splits?: boolean;
  /**
   * Whether `Atomics` accesses to other arrays are watched, too, as accesses to the word
   * {@linkcode FENCE}. Only the library's fence makes such accesses. @default false
   */
  fence?: boolean;
}

/** The index of the word that the library's fence uses. It is not in the memory. */
export const FENCE = -1;

type Words = Int32Array<ArrayBuffer> | BigUint64Array<ArrayBuffer> | Uint8Array<ArrayBuffer>;

const BYTES_OF_WORD = 4;

/**
 * Watches all accesses to some memory. It replaces `Atomics`, and the global classes of the typed
 * arrays that the library makes.
 *
 * @param buffer The memory to watch.
 * @param onAccess Is called before each access to the memory.
 * @returns An object that puts the globals back when it is disposed of. Arrays that were made
 *   before stay watched.
 */
export function watchMemory(
  buffer: ArrayBuffer,
  onAccess: OnAccess,
  { torn, splits = false, fence = false }: WatchOptions = {},
): Disposable {
  const arrays = new WeakMap<object, Words>();
  const stack = new DisposableStack();
  const { Atomics } = globalThis;
  for (const type of [Int32Array, BigUint64Array, Uint8Array]) {
    const watched = new Proxy(type, {
      construct: (type, args) => {
        const words: Words = Reflect.construct(type, args);
        return args[0] === buffer ? watch(words) : words;
      },
    });
    stack.use(replace(globalThis, type.name, { value: watched }));
  }
  const watchedAtomics = new Proxy(Atomics, {
    get: (_, key) => (...args: readonly unknown[]) => callAtomics(String(key), args),
  });
  stack.use(replace(globalThis, "Atomics", { value: watchedAtomics }));
  return stack;

  function callAtomics(method: string, args: readonly unknown[]): unknown {
    const [array, index, ...values] = args;
    // Atomics.pause() has no array.
    if (typeof array !== "object" || array === null) return undefined;
    const call = Reflect.get(Atomics, method);
    const words = arrays.get(array);
    const isWrite = method !== "load";
    if (words === undefined) {
      if (!fence) return call(...args);
      const access = { method, isAtomic: true, isWrite, word: FENCE, end: FENCE + 1, values };
      return onAccess(access, () => call(...args));
    }
    const access = accessTo(words, { index: Number(index), method, isAtomic: true, isWrite });
    if (method === "compareExchange" && access.word === torn) {
      const found = callAtomics("load", [array, index]);
      if (found === values[0]) callAtomics("store", [array, index, values[1]]);
      return found;
    }
    return onAccess({ ...access, values }, () => call(words, index, ...values));
  }

  function watch(words: Words): Words {
    const watched = new Proxy(words, {
      get: (_, key) => {
        if (key === "set") return copyTo(words);
        if (isIndex(key)) {
          const access = accessTo(words, { index: Number(key), method: "get" });
          return onAccess(access, () => Reflect.get(words, key));
        }
        return words instanceof Uint8Array ? ofBytes(words, key) : Reflect.get(words, key);
      },
      set: (_, key, value) => {
        if (!isIndex(key)) return Reflect.set(words, key, value);
        const access = accessTo(words, { index: Number(key), method: "put", isWrite: true });
        onAccess({ ...access, values: [value] }, () => void Reflect.set(words, key, value));
        return true;
      },
    });
    arrays.set(watched, words);
    return watched;
  }

  function ofBytes(bytes: Uint8Array<ArrayBuffer>, key: string | symbol): unknown {
    if (key === "subarray") return (from: number, to: number) => watch(bytes.subarray(from, to));
    if (key === "slice") {
      return (index = 0, to = bytes.length) => {
        if (splits) return sliceByWords(bytes, index, to);
        return onAccess(accessTo(bytes, { index, to, method: key }), () => bytes.slice(index, to));
      };
    }
    return Reflect.get(bytes, key);
  }

  function sliceByWords(bytes: Uint8Array<ArrayBuffer>, index: number, to: number): unknown {
    const copy = new Uint8Array(to - index);
    for (const [first, end] of wordsIn(bytes, index, to)) {
      const access = accessTo(bytes, { index: first, to: end, method: "slice" });
      // A text, because the value of a step must be comparable.
      const text = String(onAccess(access, () => bytes.slice(first, end).join()));
      copy.set(text.split(",").map(Number), first - index);
    }
    return copy;
  }

  /** Returns the method `set` of an array. */
  function copyTo(words: Words): (from: ArrayLike<unknown>, index?: number) => void {
    return (from, index = 0) => {
      const to = index + from.length;
      if (splits) {
        for (const [first, end] of wordsIn(words, index, to)) {
          const access = accessTo(words, { index: first, to: end, method: "set", isWrite: true });
          const part = Array.prototype.slice.call(from, first - index, end - index);
          onAccess(access, () => void Reflect.apply(words.set, words, [part, first]));
        }
        return;
      }
      const access = accessTo(words, { index, to, method: "set", isWrite: true });
      onAccess(access, () => void Reflect.apply(words.set, words, [from, index]));
    };
  }
}

/**
 * Replaces a property.
 *
 * @returns An object that restores the property when it is disposed of.
 */
export function replace(owner: object, key: string, descriptor: PropertyDescriptor): Disposable {
  const before = Object.getOwnPropertyDescriptor(owner, key);
  const rest = "value" in descriptor ? { writable: true } : {};
  Object.defineProperty(owner, key, { configurable: true, ...rest, ...descriptor });
  return {
    [Symbol.dispose]: () => {
      if (before === undefined) Reflect.deleteProperty(owner, key);
      else Object.defineProperty(owner, key, before);
    },
  };
}

function accessTo(
  words: Words,
  { index, to = index + 1, isAtomic = false, isWrite = false, method }: {
    index: number;
    to?: number;
    method: string;
    isAtomic?: boolean;
    isWrite?: boolean;
  },
): Access {
  const { byteOffset, BYTES_PER_ELEMENT } = words;
  const wordOf = (index: number) => (byteOffset + index * BYTES_PER_ELEMENT) / BYTES_OF_WORD;
  const end = Math.ceil(wordOf(to));
  return { method, isAtomic, isWrite, word: Math.floor(wordOf(index)), end, values: [] };
}

/** Returns the parts of a range of elements that are each in one word. */
function wordsIn(words: Words, index: number, to: number): [first: number, end: number][] {
  const { byteOffset, BYTES_PER_ELEMENT } = words;
  const parts: [first: number, end: number][] = [];
  for (let first = index; first < to;) {
    const byte = byteOffset + first * BYTES_PER_ELEMENT;
    const inWord = (BYTES_OF_WORD - byte % BYTES_OF_WORD) / BYTES_PER_ELEMENT;
    const end = Math.min(to, first + Math.max(1, Math.floor(inWord)));
    parts.push([first, end]);
    first = end;
  }
  return parts;
}

function isIndex(key: string | symbol): key is string {
  return typeof key === "string" && key >= "0" && key < ":";
}
