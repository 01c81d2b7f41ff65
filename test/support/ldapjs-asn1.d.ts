// The part of @ldapjs/asn1 that the differential tests use; the package has no types of its own.
declare module "@ldapjs/asn1" {
  export class BerReader {
    constructor(buffer: Buffer);
    readonly remain: number;
    readInt(tag?: number): number;
    readEnumeration(): number;
    readBoolean(tag?: number): boolean;
    readString(tag: number, asBuffer: true): Buffer | null;
    readSequence(tag?: number): number | null;
  }
  export class BerWriter {
    constructor();
    readonly buffer: Buffer;
    startSequence(tag?: number): void;
    endSequence(): void;
    writeInt(value: number, tag?: number): void;
    writeEnumeration(value: number): void;
    writeBoolean(value: boolean, tag?: number): void;
    writeBuffer(value: Buffer, tag: number): void;
    writeString(value: string, tag?: number): void;
  }
}
