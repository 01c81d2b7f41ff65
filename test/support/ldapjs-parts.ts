// The parts of ldapjs that its published types leave out, and the few classes through which a test can say with it what
// its own functions cannot: DNs and control values go out exactly as given, and a result is never turned into an error.
// What ldapjs does wrong itself (text filters, DN parsing, binary values of controls) is thereby out of the way.
import ldapjs from "ldapjs";

/** What the message classes of ldapjs write into. */
export interface BerSink {
  startSequence(tag?: number): void;
  endSequence(): void;
  writeString(value: string, tag?: number): void;
  writeBuffer(value: Buffer, tag: number): void;
}

interface MessageClass {
  new (options: Readonly<Record<string, unknown>>): LdapjsMessage;
}

interface LdapjsMessage {
  readonly messageId: number;
}

export interface LdapjsControl {
  readonly type: string;
  readonly criticality: boolean;
  /** Octets, or what ldapjs made of the controls that it knows. */
  readonly value: unknown;
}

interface ControlClass {
  new (options: { type: string; criticality: boolean }): LdapjsControl;
}

export interface LdapjsAttribute {
  readonly type: string;
  readonly buffers: readonly Buffer[];
}

export interface LdapjsEntry {
  readonly objectName: { toString(): string };
  readonly attributes: readonly LdapjsAttribute[];
  readonly controls: readonly LdapjsControl[];
}

export interface LdapjsResult {
  readonly status: number;
  readonly matchedDN: string;
  readonly diagnosticMessage: string;
  readonly referrals: readonly string[];
  readonly controls: readonly LdapjsControl[];
  readonly responseName?: string;
  /** `<buffer>` and hex digits; text for the operations that ldapjs knows. */
  readonly responseValue?: string;
}

interface AnyStatus {
  indexOf(status: number): number;
}

export interface LdapjsClient {
  once(event: "connect", listener: (socket: { setNoDelay?(on: boolean): void }) => void): void;
  once(event: "close", listener: () => void): void;
  on(event: string, listener: (error?: Error) => void): void;
  starttls(
    options: Readonly<Record<string, unknown>>,
    controls: readonly LdapjsControl[],
    callback: (error?: Error | null) => void,
  ): void;
  unbind(callback?: () => void): void;
  destroy(): void;
  _send(
    message: LdapjsMessage,
    expect: AnyStatus,
    emitter: object | null,
    callback: (error: Error | null, answer: unknown) => void,
  ): void;
}

interface FilterClass {
  new (options: Readonly<Record<string, unknown>>): LdapjsFilter;
}

/** A filter object of ldapjs; what is inside is its own matter. */
export interface LdapjsFilter {
  toBer(): { readonly buffer: Buffer };
}

interface Parts {
  createClient(options: Readonly<Record<string, unknown>>): LdapjsClient;
  readonly Attribute: new (options: { type: string; values: readonly Buffer[] }) => LdapjsAttribute;
  readonly Change: new (options: { operation: string; modification: LdapjsAttribute }) => object;
  readonly Control: ControlClass;
  readonly AddRequest: MessageClass;
  readonly BindRequest: MessageClass;
  readonly CompareRequest: MessageClass;
  readonly DeleteRequest: MessageClass;
  readonly ExtendedRequest: MessageClass;
  readonly ModifyRequest: MessageClass;
  readonly ModifyDNRequest: MessageClass;
  readonly SearchRequest: MessageClass;
  readonly AndFilter: FilterClass;
  readonly OrFilter: FilterClass;
  readonly NotFilter: FilterClass;
  readonly EqualityFilter: FilterClass;
  readonly SubstringFilter: FilterClass;
  readonly GreaterThanEqualsFilter: FilterClass;
  readonly LessThanEqualsFilter: FilterClass;
  readonly PresenceFilter: FilterClass;
  readonly ApproximateFilter: FilterClass;
  readonly ExtensibleFilter: FilterClass;
}

/** The one cast: the published types describe ldapjs 2 and lack the request classes. */
export const parts = ldapjs as unknown as Parts;

/** Every result code is an answer; ldapjs itself fails on codes that it has no class for. */
export const ANY_STATUS: AnyStatus = { indexOf: () => 0 };

/** A DN that ldapjs sends octet for octet. */
export class RawDn {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  get [Symbol.toStringTag](): string {
    return "LdapDn";
  }

  toString(): string {
    return this.#text;
  }
}

/** A control whose value is octets. */
export class RawControl extends parts.Control {
  readonly octets: Buffer | undefined;

  constructor(type: string, criticality: boolean, octets: Buffer | undefined) {
    super({ type, criticality });
    this.octets = octets;
  }

  /** Called by ldapjs after type and criticality. */
  _toBer(sink: BerSink): void {
    if (this.octets !== undefined) sink.writeBuffer(this.octets, 0x04);
  }
}

/** An extended request whose value is octets. */
export class RawExtendedRequest extends parts.ExtendedRequest {
  readonly oid: string;
  readonly octets: Buffer | undefined;

  constructor(
    oid: string,
    octets: Buffer | undefined,
    options: { readonly controls: readonly LdapjsControl[] },
  ) {
    super({ requestName: oid, controls: options.controls });
    this.oid = oid;
    this.octets = octets;
  }

  /** ldapjs loses the result code of the answers to extended operations that it knows; of this type it knows none. */
  get type(): string {
    return "RawExtendedRequest";
  }

  _toBer(sink: BerSink): BerSink {
    sink.startSequence(0x77);
    sink.writeString(this.oid, 0x80);
    if (this.octets !== undefined) sink.writeBuffer(this.octets, 0x81);
    sink.endSequence();
    return sink;
  }
}
