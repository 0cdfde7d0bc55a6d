// Action Message Format, AMF 0, and the few AMF 3 values that turn up inside it.
import { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { MalformedError } from './malformed-error.ts';

export type AmfValue = number | boolean | string | null | undefined | Date | AmfValue[] | AmfObject;

/** Objects that come from the wire have no prototype: a property called `__proto__` or `constructor` is a property like any other. */
export interface AmfObject {
  [key: string]: AmfValue;
}

/** Marks properties to be written as an ECMA array instead of an object: the form that players and servers expect of onMetaData. */
export class EcmaArray {
  readonly properties: AmfObject;

  constructor(properties: AmfObject) {
    this.properties = properties;
  }
}

/** AMF 0 §2.1 type markers. */
const Marker = {
  number: 0x00,
  boolean: 0x01,
  string: 0x02,
  object: 0x03,
  null: 0x05,
  undefined: 0x06,
  reference: 0x07,
  ecmaArray: 0x08,
  objectEnd: 0x09,
  strictArray: 0x0a,
  date: 0x0b,
  longString: 0x0c,
  unsupported: 0x0d,
  xmlDocument: 0x0f,
  typedObject: 0x10,
  amf3: 0x11,
} as const;

/** AMF 3 §3.1 type markers of the values that need no reference tables. */
const Amf3Marker = { undefined: 0, null: 1, false: 2, true: 3, integer: 4, double: 5, string: 6 } as const;

const MAX_SHORT_STRING_BYTES = 0xffff;
/** Real commands and metadata nest three deep; the limit only keeps a hostile peer from exhausting the stack. */
const MAX_DEPTH = 16;
/** An FLV file with a seek index announces some ten thousand numbers in its onMetaData. */
const MAX_VALUES = 65_536;

/** Values one after the other, as in the body of a command or data message. */
export function encodeAmf0(...values: readonly (AmfValue | EcmaArray)[]): Buffer {
  const writer = new ByteWriter();
  for (const value of values) writeValue(writer, value);
  return writer.finish();
}

function writeValue(w: ByteWriter, value: AmfValue | EcmaArray): void {
  if (value === null) w.u8(Marker.null);
  else if (value === undefined) w.u8(Marker.undefined);
  else if (typeof value === 'number') w.u8(Marker.number).f64(value);
  else if (typeof value === 'boolean') w.u8(Marker.boolean).u8(value ? 1 : 0);
  else if (typeof value === 'string') writeString(w, value);
  else if (value instanceof Date)
    w.u8(Marker.date).f64(value.getTime()).i16(0); // time zone, reserved
  else if (Array.isArray(value)) writeStrictArray(w, value);
  else if (value instanceof EcmaArray) writeEcmaArray(w, value.properties);
  else writeProperties(w.u8(Marker.object), value);
}

function writeString(w: ByteWriter, text: string): void {
  const size = Buffer.byteLength(text);
  if (size > MAX_SHORT_STRING_BYTES) w.u8(Marker.longString).u32(size);
  else w.u8(Marker.string).u16(size);
  w.utf8(text);
}

function writeStrictArray(w: ByteWriter, values: readonly AmfValue[]): void {
  w.u8(Marker.strictArray).u32(values.length);
  for (const value of values) writeValue(w, value);
}

function writeEcmaArray(w: ByteWriter, properties: AmfObject): void {
  w.u8(Marker.ecmaArray).u32(Object.keys(properties).length);
  writeProperties(w, properties);
}

function writeProperties(w: ByteWriter, properties: AmfObject): void {
  for (const [key, value] of Object.entries(properties)) {
    w.u16(Buffer.byteLength(key)).utf8(key);
    writeValue(w, value);
  }
  w.u16(0).u8(Marker.objectEnd); // empty key
}

/**
 * All values of a message body. Object, ECMA array and typed object become AmfObject; a missing end marker of an ECMA array at the end
 * of the body is forgiven (several hardware encoders leave it out). Throws MalformedError, also for more than 65,536 values or a nesting
 * deeper than 16.
 */
export function decodeAmf0(bytes: Buffer): AmfValue[] {
  return new Amf0Decoder(bytes).values();
}

/** Something that a reference may point to, and how many values it holds. */
interface Referable {
  readonly value: AmfValue;
  /** 0 as long as the value is not complete. */
  size: number;
}

class Amf0Decoder {
  readonly #reader: ByteReader;
  readonly #referables: Referable[] = [];
  #valueCount = 0;

  constructor(bytes: Buffer) {
    this.#reader = new ByteReader(bytes);
  }

  values(): AmfValue[] {
    const values: AmfValue[] = [];
    while (this.#reader.remaining > 0) values.push(this.#value(0));
    return values;
  }

  #value(depth: number): AmfValue {
    const r = this.#reader;
    this.#count(1);
    const marker = r.u8();
    switch (marker) {
      case Marker.number:
        return r.f64();
      case Marker.boolean:
        return r.u8() !== 0;
      case Marker.string:
        return r.utf8(r.u16());
      case Marker.object:
        return this.#object(depth);
      case Marker.null:
        return null;
      case Marker.undefined:
      case Marker.unsupported:
        return undefined;
      case Marker.reference:
        return this.#reference(r.u16());
      case Marker.ecmaArray:
        r.skip(4); // associative-count: a hint that many senders get wrong
        return this.#object(depth, { endMarkerOptional: true });
      case Marker.strictArray:
        return this.#strictArray(depth);
      case Marker.date:
        return this.#date();
      case Marker.longString:
      case Marker.xmlDocument:
        return r.utf8(r.u32());
      case Marker.typedObject:
        r.skip(r.u16()); // class-name
        return this.#object(depth);
      case Marker.amf3:
        return this.#amf3Value();
      default:
        throw new MalformedError(`AMF0 marker ${marker} is unknown`, r.offset - 1);
    }
  }

  #object(depth: number, { endMarkerOptional = false } = {}): AmfObject {
    const r = this.#reader;
    const object: AmfObject = Object.create(null);
    const complete = this.#enter(object, depth);
    while (!this.#skipObjectEnd(endMarkerOptional)) {
      object[r.utf8(r.u16())] = this.#value(depth + 1);
    }
    complete();
    return object;
  }

  /** An empty key alone does not end an object: some senders use it for a property. */
  #skipObjectEnd(endMarkerOptional: boolean): boolean {
    const r = this.#reader;
    if (r.remaining >= 3 ? r.peekU24() === Marker.objectEnd : endMarkerOptional) {
      r.skip(Math.min(r.remaining, 3));
      return true;
    }
    return false;
  }

  #strictArray(depth: number): AmfValue[] {
    const r = this.#reader;
    const count = r.u32();
    if (count > r.remaining) throw new MalformedError(`strict array of ${count} values is cut off`, r.offset - 4);
    const values: AmfValue[] = [];
    const complete = this.#enter(values, depth);
    for (let i = 0; i < count; i += 1) values.push(this.#value(depth + 1));
    complete();
    return values;
  }

  #date(): Date {
    const date = new Date(this.#reader.f64());
    this.#reader.skip(2); // time-zone, reserved
    return date;
  }

  /** AMF 0 §2.9. A reference counts as much as what it points to, so that a short message cannot unfold into a huge one. */
  #reference(index: number): AmfValue {
    const target = this.#referables[index];
    if (target === undefined || target.size === 0) {
      throw new MalformedError(`reference to object ${index}, which is not complete`, this.#reader.offset - 2);
    }
    this.#count(target.size);
    return target.value;
  }

  /** Makes `value` known to later references; to be called back when it is complete. */
  #enter(value: AmfValue, depth: number): () => void {
    if (depth >= MAX_DEPTH) throw new MalformedError(`AMF0 nests deeper than ${MAX_DEPTH}`, this.#reader.offset);
    const countBefore = this.#valueCount;
    const referable: Referable = { value, size: 0 };
    this.#referables.push(referable);
    return () => {
      referable.size = this.#valueCount - countBefore + 1;
    };
  }

  #count(values: number): void {
    this.#valueCount += values;
    if (this.#valueCount > MAX_VALUES)
      throw new MalformedError(`more than ${MAX_VALUES} AMF0 values`, this.#reader.offset);
  }

  /** AMF 0 §3.1, avmplus-object-marker. Values with reference tables appear in no message that we need. */
  #amf3Value(): AmfValue {
    const r = this.#reader;
    const marker = r.u8();
    switch (marker) {
      case Amf3Marker.undefined:
        return undefined;
      case Amf3Marker.null:
        return null;
      case Amf3Marker.false:
        return false;
      case Amf3Marker.true:
        return true;
      case Amf3Marker.integer:
        return (this.#u29() << 3) >> 3; // 29 bits, signed
      case Amf3Marker.double:
        return r.f64();
      case Amf3Marker.string:
        return this.#amf3String();
      default:
        throw new MalformedError(`AMF3 value of type ${marker} is not supported`, r.offset - 1);
    }
  }

  #amf3String(): string {
    const header = this.#u29();
    if ((header & 1) === 0) throw new MalformedError('AMF3 string reference is not supported', this.#reader.offset);
    return this.#reader.utf8(header >> 1);
  }

  /** AMF 3 §1.3.1: 7 bits a byte, the fourth byte has 8. */
  #u29(): number {
    let value = 0;
    for (let i = 0; i < 3; i += 1) {
      const byte = this.#reader.u8();
      value = (value << 7) | (byte & 0x7f);
      if (byte < 0x80) return value;
    }
    return (value << 8) | this.#reader.u8();
  }
}
