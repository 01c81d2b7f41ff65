// The LDAP client of the command line, on ldapjs, and the only file that imports it. It serves Concord and 389 servers alike.
// What ldapjs does wrong by itself stays out of the way:
//
// - Filters are parsed and encoded by our own rooms and sent as bytes (ldapjs sends `\2a` as three characters).
// - DNs are parsed and formatted by our own room and sent as that text.
// - Values are octets in both directions; extended requests with binary values are a class of their own.
// - The socket sends at once (no Nagle delay); a lost connection is an error, never a silent second attempt.
// - Every result code is looked at here: ldapjs fails on codes for which it has no class.
import { readFileSync } from "node:fs";
import ldapjs from "ldapjs";
import { formatDn, parseDn } from "../dn/index.ts";
import {
  PAGED_RESULTS_OID,
  type Scope as ProtocolScope,
  ResultCode,
  encodePagedResults,
} from "../protocol/index.ts";
import { ClientEntry, DirectoryError, describeResultCode } from "./directory-entry.ts";
import { OwnDn, OwnFilter } from "./ldapjs-values.ts";
import { type ServerAddress, parseAddress } from "./server-address.ts";
import type {
  BerSink,
  LdapjsClient,
  LdapjsEntry,
  LdapjsMessage,
  LdapjsParts,
  LdapjsResult,
} from "./ldapjs-types.ts";

const SCOPES = { base: 0, one: 1, sub: 2 } as const;
const CONNECT_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS_DEFAULT = 120_000;
const PAGE_ENTRIES = 1_000;
const BIND_TAG = 0x60;
const SASL_TAG = 0xa3;
const EXTENDED_TAG = 0x77;

export type ClientIdentity =
  | { readonly method: "anonymous" }
  | { readonly method: "simple"; readonly dn: string; readonly password: string }
  /** SASL EXTERNAL: over the UNIX socket the identity of the user. */
  | { readonly method: "external" };

export type ClientValue = string | Buffer;
export type ClientAttributes = Readonly<Record<string, ClientValue | readonly ClientValue[]>>;

export interface ClientMod {
  readonly operation: "add" | "delete" | "replace";
  readonly type: string;
  readonly values?: ClientValue | readonly ClientValue[];
}

export interface ClientSearch {
  readonly base: string;
  /** Default: the subtree. */
  readonly scope?: Exclude<ProtocolScope, "subordinate">;
  /** Default: (objectClass=*). */
  readonly filter?: string;
  readonly attributes?: readonly string[];
}

export class DirectoryClient {
  readonly url: string;
  readonly #client: LdapjsClient;
  #lostReason = "the server closed it";

  private constructor(url: string, client: LdapjsClient) {
    this.url = url;
    this.#client = client;
  }

  /** @throws DirectoryError, CommandFailure for an address that makes no sense */
  static async connect(address: ServerAddress, identity: ClientIdentity): Promise<DirectoryClient> {
    const { target, host } = parseAddress(address.url);
    const tlsOptions = {
      ...(address.caFile === undefined ? {} : { ca: readFileSync(address.caFile) }),
      ...(address.insecure === true ? { rejectUnauthorized: false } : {}),
    };
    const client = parts.createClient({
      ...target,
      tlsOptions,
      timeout: address.timeoutMs ?? ANSWER_TIMEOUT_MS_DEFAULT,
      connectTimeout: CONNECT_TIMEOUT_MS,
      log: SILENT_LDAPJS_LOG,
    });
    try {
      await connected(client);
    } catch (error) {
      client.destroy();
      throw unreachable(address.url, error);
    }
    const connection = new DirectoryClient(address.url, client);
    client.on("error", (error) => {
      connection.#lostReason = error?.message ?? connection.#lostReason;
    });
    try {
      if (address.startTls === true) await connection.#startTls({ ...tlsOptions, host });
      await connection.#bind(identity);
    } catch (error) {
      connection.close();
      throw error;
    }
    return connection;
  }

  /** All entries that a search finds, fetched in pages. */
  async search(search: ClientSearch): Promise<ClientEntry[]> {
    const entries: ClientEntry[] = [];
    await this.forEach(search, (entry) => entries.push(entry));
    return entries;
  }

  /** Calls `visit` for each entry found. */
  async forEach(search: ClientSearch, visit: (entry: ClientEntry) => void): Promise<void> {
    const isPaged = search.scope !== "base";
    const filter = new OwnFilter(search.filter ?? "(objectClass=*)");
    let cookie: Buffer = Buffer.alloc(0);
    do {
      const paging = encodePagedResults({ size: PAGE_ENTRIES, cookie });
      const request = new parts.SearchRequest({
        baseObject: new OwnDn(search.base),
        scope: SCOPES[search.scope ?? "sub"],
        filter,
        attributes: [...(search.attributes ?? [])],
        sizeLimit: 0,
        timeLimit: 0,
        typesOnly: false,
        controls: isPaged ? [new OwnControl(PAGED_RESULTS_OID, paging)] : [],
      });
      const result = await this.#sendSearch(request, visit);
      checkResult(`search below ${search.base || "the root"} on ${this.url}`, result);
      cookie = pageCookie(result);
    } while (isPaged && cookie.length > 0);
  }

  /** The entry with this DN; undefined when there is none. */
  async find(
    dn: string,
    attributes: readonly string[] = [],
    filter?: string,
  ): Promise<ClientEntry | undefined> {
    try {
      const found = await this.search({
        base: dn,
        scope: "base",
        attributes,
        ...(filter === undefined ? {} : { filter }),
      });
      return found[0];
    } catch (error) {
      if (error instanceof DirectoryError && error.is("noSuchObject")) return undefined;
      throw error;
    }
  }

  async add(dn: string, attributes: ClientAttributes): Promise<void> {
    const request = new parts.AddRequest({
      entry: new OwnDn(dn),
      attributes: Object.entries(attributes).map(([type, values]) => attributeOf(type, values)),
    });
    await this.#exchange(`add ${dn} on ${this.url}`, request);
  }

  async modify(dn: string, mods: readonly ClientMod[]): Promise<void> {
    const request = new parts.ModifyRequest({
      object: new OwnDn(dn),
      changes: mods.map(
        ({ operation, type, values }) =>
          new parts.Change({ operation, modification: attributeOf(type, values ?? []) }),
      ),
    });
    await this.#exchange(`modify ${dn} on ${this.url}`, request);
  }

  async rename(
    dn: string,
    newRdn: string,
    options: { readonly deleteOldRdn: boolean },
  ): Promise<void> {
    const request = new parts.ModifyDNRequest({
      entry: new OwnDn(dn),
      newRdn: new OwnDn(newRdn),
      deleteOldRdn: options.deleteOldRdn,
    });
    await this.#exchange(`rename ${dn} on ${this.url}`, request);
  }

  async delete(dn: string): Promise<void> {
    const request = new parts.DeleteRequest({ entry: new OwnDn(dn) });
    await this.#exchange(`delete ${dn} on ${this.url}`, request);
  }

  /** The value of the answer. */
  async extended(oid: string, value?: Buffer): Promise<Buffer | undefined> {
    const request = new OwnExtendedRequest(oid, value);
    const result = await this.#exchange(`extended operation ${oid} on ${this.url}`, request);
    const text = result.responseValue;
    if (text === undefined) return undefined;
    return text.startsWith(HEX_MARK)
      ? Buffer.from(text.slice(HEX_MARK.length), "hex")
      : Buffer.from(text, "utf8");
  }

  /** Octets sent and received. */
  get bytes(): number {
    const { bytesRead = 0, bytesWritten = 0 } = this.#client._socket ?? {};
    return bytesRead + bytesWritten;
  }

  close(): void {
    this.#client.destroy();
  }

  async #bind(identity: ClientIdentity): Promise<void> {
    if (identity.method === "anonymous") return;
    const what = `bind to ${this.url}`;
    if (identity.method === "external") {
      await this.#exchange(what, new ExternalBindRequest({}));
      return;
    }
    const dn = new OwnDn(identity.dn).toString();
    const request = new parts.BindRequest({ name: dn, credentials: identity.password });
    await this.#exchange(`${what} as ${identity.dn}`, request);
  }

  #startTls(options: Readonly<Record<string, unknown>>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.starttls(options, [], (error) => {
        if (error === null || error === undefined) resolve();
        else reject(new DirectoryError(`StartTLS with ${this.url} failed: ${error.message}`));
      });
    });
  }

  async #exchange(what: string, request: LdapjsMessage): Promise<LdapjsResult> {
    const result = await new Promise<LdapjsResult>((resolve, reject) => {
      this.#client._send(request, ANY_STATUS, null, (error, answer) => {
        if (error === null) resolve(answer as LdapjsResult);
        else reject(this.#lost(what, error));
      });
    });
    checkResult(what, result);
    return result;
  }

  #sendSearch(request: LdapjsMessage, visit: (entry: ClientEntry) => void): Promise<LdapjsResult> {
    return new Promise((resolve, reject) => {
      const emitter = {
        emit: (event: string, part: unknown): void => {
          if (event === "searchEntry") visit(entryOf(part as LdapjsEntry));
          else if (event === "end") resolve(part as LdapjsResult);
          else if (event === "error") reject(this.#lost("search", part as Error));
        },
      };
      this.#client._send(request, ANY_STATUS, emitter, (error) => {
        if (error !== null) reject(this.#lost("search", error));
      });
    });
  }

  #lost(what: string, error: Error): DirectoryError {
    const reason = /timeout/i.test(error.message) ? "no answer in time" : this.#lostReason;
    return new DirectoryError(
      `${what}: the connection to ${this.url} is lost: ${reason}`,
      undefined,
      {
        cause: error,
      },
    );
  }
}

function checkResult(what: string, result: LdapjsResult): void {
  const code = result.status;
  if (code === 0) return;
  const said = result.diagnosticMessage.trim();
  const text = `${what}: ${describeResultCode(code)}${said === "" ? "" : `: ${said}`}`;
  throw new DirectoryError(
    text,
    code,
    code === ResultCode.invalidCredentials ? { hint: "Is it the right DN and password?" } : {},
  );
}

function connected(client: LdapjsClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.once("connect", (socket) => {
      socket?.setNoDelay?.(true);
      resolve();
    });
    for (const event of ["error", "connectError", "connectRefused", "connectTimeout"]) {
      client.on(event, (error) => reject(error ?? new Error(event)));
    }
  });
}

function unreachable(url: string, error: unknown): DirectoryError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code === "ECONNREFUSED" ? "nobody listens there" : message || code || "no reason";
  return new DirectoryError(`cannot connect to ${url}: ${reason}`, undefined, {
    hint: "Does the server run, and is the URL right?",
    cause: error,
  });
}

function attributeOf(type: string, values: ClientValue | readonly ClientValue[]): object {
  const list = typeof values === "string" || Buffer.isBuffer(values) ? [values] : values;
  return new parts.Attribute({
    type,
    values: list.map((value) => (typeof value === "string" ? Buffer.from(value, "utf8") : value)),
  });
}

/** ldapjs writes the DN anew with every octet above 127 as hex; our own text has characters again. */
function entryOf(entry: LdapjsEntry): ClientEntry {
  const text = entry.objectName.toString();
  let dn = text;
  try {
    dn = formatDn(parseDn(text));
  } catch {
    // ldapjs does not escape all that must be; its text is still good to be shown.
  }
  return new ClientEntry(
    dn,
    entry.attributes.map(({ type, buffers }) => ({ type, values: buffers })),
  );
}

function pageCookie(result: LdapjsResult): Buffer {
  const control = result.controls.find(({ type }) => type === PAGED_RESULTS_OID);
  const value = control?.value as { readonly cookie?: unknown } | undefined;
  return Buffer.isBuffer(value?.cookie) ? value.cookie : Buffer.alloc(0);
}

/** The one cast: the published types describe an older ldapjs and lack the request classes. */
const parts = ldapjs as unknown as LdapjsParts;

const HEX_MARK = "<buffer>";
/** Every result code is an answer. */
const ANY_STATUS = { indexOf: () => 0 };
const ignore = (): void => {};
const SILENT_LDAPJS_LOG = {
  child: () => SILENT_LDAPJS_LOG,
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
};

class OwnControl extends parts.Control {
  readonly octets: Buffer;

  constructor(type: string, octets: Buffer) {
    super({ type, criticality: false });
    this.octets = octets;
  }

  /** Called by ldapjs after type and criticality. */
  _toBer(sink: BerSink): void {
    sink.writeBuffer(this.octets, 0x04);
  }
}

class OwnExtendedRequest extends parts.ExtendedRequest {
  readonly oid: string;
  readonly octets: Buffer | undefined;

  constructor(oid: string, octets: Buffer | undefined) {
    super({ requestName: oid });
    this.oid = oid;
    this.octets = octets;
  }

  _toBer(sink: BerSink): BerSink {
    sink.startSequence(EXTENDED_TAG);
    sink.writeString(this.oid, 0x80);
    if (this.octets !== undefined) sink.writeBuffer(this.octets, 0x81);
    sink.endSequence();
    return sink;
  }
}

class ExternalBindRequest extends parts.BindRequest {
  _toBer(sink: BerSink): BerSink {
    sink.startSequence(BIND_TAG);
    sink.writeInt(3);
    sink.writeString("");
    sink.startSequence(SASL_TAG);
    sink.writeString("EXTERNAL");
    sink.endSequence();
    sink.endSequence();
    return sink;
  }
}
