/**
 * A reader for the pickles inside PyTorch checkpoints. A pickle is a program that may call anything; this one knows the
 * opcodes that build plain values and leaves every call to a list given by the caller, so nothing in a file can run.
 * Opcodes and their operands: Python's `pickletools`, protocols 2 to 5.
 */

export type PickleValue =
  null | boolean | number | string | Uint8Array | PickleValue[] | PickleDict | PickleGlobal | object;

/** A dict; keys are strings or numbers. Its own class, since a `Map` cannot meet a key named like an object's property. */
export class PickleDict {
  readonly entries = new Map<string | number, PickleValue>();
}

/** A class or function named by the pickle, not yet called. */
export class PickleGlobal {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}

  get path(): string {
    return `${this.module}.${this.name}`;
  }
}

export interface PickleHost {
  /** Calls a named function; throws for any it does not know. */
  call(callee: PickleGlobal, args: readonly PickleValue[]): PickleValue;
  /** The object a persistent identifier stands for. */
  persistent(id: PickleValue): PickleValue;
}

/** The file holds something other than plain values and what the host knows. The message says what, as a clause. */
export class PickleError extends Error {}

class Mark {}
const MARK = new Mark();
type Slot = PickleValue | Mark;

/** @throws PickleError for anything that is not a complete pickle of plain values and calls the host allows. */
export function readPickle(bytes: Uint8Array, host: PickleHost): PickleValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder('utf-8', { fatal: true });
  const stack: Slot[] = [];
  const memo = new Map<number, PickleValue>();
  let at = 0;

  const take = (length: number): number => {
    const start = at;
    if (length > bytes.length - at) throw new PickleError('its index ends too early');
    at += length;
    return start;
  };
  const string = (length: number): string => {
    const start = take(length);
    return text.decode(bytes.subarray(start, start + length));
  };
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    if (end < 0) throw new PickleError('its index ends too early');
    const start = at;
    at = end + 1;
    return text.decode(bytes.subarray(start, end));
  };
  const pop = (): PickleValue => {
    const value = stack.pop();
    if (value === undefined || value instanceof Mark) throw new PickleError('its index is damaged');
    return value;
  };
  const top = (): PickleValue => {
    const value = stack.at(-1);
    if (value === undefined || value instanceof Mark) throw new PickleError('its index is damaged');
    return value;
  };
  /** Everything above the last mark, which goes too. */
  const popToMark = (): PickleValue[] => {
    const mark = stack.lastIndexOf(MARK);
    if (mark < 0) throw new PickleError('its index is damaged');
    return stack.splice(mark).slice(1) as PickleValue[];
  };
  const setItems = (items: readonly PickleValue[]): void => {
    const dict = top();
    if (!(dict instanceof PickleDict) || items.length % 2) throw new PickleError('its index is damaged');
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key !== 'string' && typeof key !== 'number') throw new PickleError('it has keys that are no names');
      dict.entries.set(key, items[i + 1]);
    }
  };
  const append = (items: readonly PickleValue[]): void => {
    const list = top();
    if (!Array.isArray(list)) throw new PickleError('its index is damaged');
    list.push(...items);
  };
  const recall = (index: number): void => {
    const value = memo.get(index);
    if (value === undefined) throw new PickleError('its index is damaged');
    stack.push(value);
  };

  for (;;) {
    const opcode = bytes[take(1)];
    switch (opcode) {
      case 0x80: // PROTO
        if (bytes[take(1)] > 5) throw new PickleError('it is of a newer pickle protocol than 5');
        break;
      case 0x95: // FRAME
        take(8);
        break;
      case 0x28: // MARK
        stack.push(MARK);
        break;
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE
        stack.push(true);
        break;
      case 0x89: // NEWFALSE
        stack.push(false);
        break;
      case 0x4b: // BININT1
        stack.push(bytes[take(1)]);
        break;
      case 0x4d: // BININT2
        stack.push(view.getUint16(take(2), true));
        break;
      case 0x4a: // BININT
        stack.push(view.getInt32(take(4), true));
        break;
      case 0x8a: {
        // LONG1: two's complement, little-endian
        const length = bytes[take(1)];
        if (length > 8) throw new PickleError('it has whole numbers beyond 64 bits');
        const start = take(length);
        let value = 0n;
        for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[start + i]);
        stack.push(Number(BigInt.asIntN(8 * length, value)));
        break;
      }
      case 0x47: // BINFLOAT, big-endian
        stack.push(view.getFloat64(take(8), false));
        break;
      case 0x58: // BINUNICODE
        stack.push(string(view.getUint32(take(4), true)));
        break;
      case 0x8c: // SHORT_BINUNICODE
        stack.push(string(bytes[take(1)]));
        break;
      case 0x55: // SHORT_BINSTRING
        stack.push(string(bytes[take(1)]));
        break;
      case 0x7d: // EMPTY_DICT
        stack.push(new PickleDict());
        break;
      case 0x5d: // EMPTY_LIST
        stack.push([]);
        break;
      case 0x29: // EMPTY_TUPLE
        stack.push([]);
        break;
      case 0x85: // TUPLE1
        stack.push([pop()]);
        break;
      case 0x86: {
        // TUPLE2
        const second = pop();
        stack.push([pop(), second]);
        break;
      }
      case 0x87: {
        // TUPLE3
        const third = pop();
        const second = pop();
        stack.push([pop(), second, third]);
        break;
      }
      case 0x74: // TUPLE
      case 0x6c: // LIST
        stack.push(popToMark());
        break;
      case 0x61: // APPEND
        append([pop()]);
        break;
      case 0x65: // APPENDS
        append(popToMark());
        break;
      case 0x73: {
        // SETITEM
        const value = pop();
        setItems([pop(), value]);
        break;
      }
      case 0x75: // SETITEMS
        setItems(popToMark());
        break;
      case 0x71: // BINPUT
        memo.set(bytes[take(1)], top());
        break;
      case 0x72: // LONG_BINPUT
        memo.set(view.getUint32(take(4), true), top());
        break;
      case 0x94: // MEMOIZE
        memo.set(memo.size, top());
        break;
      case 0x68: // BINGET
        recall(bytes[take(1)]);
        break;
      case 0x6a: // LONG_BINGET
        recall(view.getUint32(take(4), true));
        break;
      case 0x63: // GLOBAL
        stack.push(new PickleGlobal(line(), line()));
        break;
      case 0x93: {
        // STACK_GLOBAL
        const name = pop();
        const module = pop();
        if (typeof name !== 'string' || typeof module !== 'string') throw new PickleError('its index is damaged');
        stack.push(new PickleGlobal(module, name));
        break;
      }
      case 0x52: {
        // REDUCE
        const args = pop();
        const callee = pop();
        if (!(callee instanceof PickleGlobal) || !Array.isArray(args)) throw new PickleError('its index is damaged');
        stack.push(host.call(callee, args));
        break;
      }
      case 0x62: {
        // BUILD: state for an object; a state_dict's `_metadata` is the one case, and nothing needs it
        pop();
        if (!(top() instanceof PickleDict)) throw new PickleError('it holds objects other than tensors');
        break;
      }
      case 0x51: // BINPERSID
        stack.push(host.persistent(pop()));
        break;
      case 0x2e: // STOP
        return pop();
      default:
        throw new PickleError(`it uses the pickle opcode 0x${opcode.toString(16)}, which no list of tensors needs`);
    }
  }
}
