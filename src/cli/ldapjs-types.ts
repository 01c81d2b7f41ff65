// The parts of ldapjs that its published types, which describe an older one, leave out. Types only.

export interface BerSink {
  startSequence(tag?: number): void;
  endSequence(): void;
  writeInt(value: number): void;
  writeString(value: string, tag?: number): void;
  writeBuffer(value: Buffer, tag: number): void;
}

export interface LdapjsMessage {
  readonly messageId: number;
}

export interface LdapjsMessageClass {
  new (options: Readonly<Record<string, unknown>>): LdapjsMessage;
}

export interface LdapjsEntry {
  readonly objectName: { toString(): string };
  readonly attributes: readonly { readonly type: string; readonly buffers: readonly Buffer[] }[];
}

export interface LdapjsResult {
  readonly status: number;
  readonly diagnosticMessage: string;
  readonly controls: readonly { readonly type: string; readonly value: unknown }[];
  /** Text, or the mark and hex digits. */
  readonly responseValue?: string;
}

export interface LdapjsClient {
  once(event: "connect", listener: (socket?: { setNoDelay?(on: boolean): void }) => void): void;
  on(event: string, listener: (error?: Error) => void): void;
  starttls(
    options: Readonly<Record<string, unknown>>,
    controls: readonly unknown[],
    callback: (error?: Error | null) => void,
  ): void;
  destroy(): void;
  readonly _socket?: { readonly bytesRead?: number; readonly bytesWritten?: number } | null;
  _send(
    message: LdapjsMessage,
    expect: object,
    emitter: object | null,
    callback: (error: Error | null, answer: unknown) => void,
  ): void;
}

export interface LdapjsParts {
  createClient(options: Readonly<Record<string, unknown>>): LdapjsClient;
  readonly Attribute: new (options: { type: string; values: readonly Buffer[] }) => object;
  readonly Change: new (options: { operation: string; modification: object }) => object;
  readonly Control: new (options: { type: string; criticality: boolean }) => object;
  readonly AddRequest: LdapjsMessageClass;
  readonly BindRequest: LdapjsMessageClass;
  readonly DeleteRequest: LdapjsMessageClass;
  readonly ExtendedRequest: LdapjsMessageClass;
  readonly ModifyRequest: LdapjsMessageClass;
  readonly ModifyDNRequest: LdapjsMessageClass;
  readonly SearchRequest: LdapjsMessageClass;
}
