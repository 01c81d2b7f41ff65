// A small asynchronous LDAP client for tests, on ldapjs: values are octets in both directions, every result code is an
// answer that can be looked at, and no Nagle delay. It shares no code with the server that it tests.
import { NaiveBer } from "./naive-ber.ts";
import { parseLdapjsFilter } from "./ldapjs-filter.ts";
import { ANY_STATUS, RawControl, RawDn, RawExtendedRequest, parts } from "./ldapjs-parts.ts";
import type {
  LdapjsAttribute,
  LdapjsClient,
  LdapjsControl,
  LdapjsEntry,
  LdapjsResult,
} from "./ldapjs-parts.ts";

const ANSWER_TIMEOUT_MS = 120_000;
const SCOPES = { base: 0, one: 1, sub: 2 } as const;
const PASSWORD_MODIFY_OID = "1.3.6.1.4.1.4203.1.11.1";
const WHO_AM_I_OID = "1.3.6.1.4.1.4203.1.11.3";

export type Value = string | Buffer;
export type AttributeValues = Readonly<Record<string, Value | readonly Value[]>>;
export type Scope = keyof typeof SCOPES;

export interface Modification {
  readonly op: "add" | "delete" | "replace";
  readonly type: string;
  readonly values?: Value | readonly Value[];
}

export interface Control {
  readonly oid: string;
  readonly critical?: boolean;
  readonly value?: Buffer;
}

export interface LdapResult {
  readonly code: number;
  readonly matchedDn: string;
  readonly message: string;
  readonly referrals: readonly string[];
  readonly controls: readonly ResponseControl[];
}

export interface ResponseControl {
  readonly oid: string;
  /** Octets, except for the controls that ldapjs decodes itself. */
  readonly value: unknown;
}

export interface ExtendedResult extends LdapResult {
  readonly value: Buffer | undefined;
}

export interface FoundEntry {
  readonly dn: string;
  /** By the description that the server sent. */
  readonly attributes: ReadonlyMap<string, readonly Buffer[]>;
  readonly controls: readonly ResponseControl[];
  /** The values of a description, whatever its case. */
  values(type: string): readonly Buffer[];
  texts(type: string): readonly string[];
  /** The only value as text; `undefined` when there is none. */
  text(type: string): string | undefined;
}

export interface SearchOptions {
  readonly scope?: Scope;
  readonly filter?: string;
  readonly attributes?: readonly string[];
  readonly sizeLimit?: number;
  readonly timeLimit?: number;
  readonly typesOnly?: boolean;
  readonly controls?: readonly Control[];
}

export interface SearchOutcome {
  readonly entries: readonly FoundEntry[];
  readonly references: readonly (readonly string[])[];
  readonly result: LdapResult;
}

export interface RenameOptions {
  readonly deleteOldRdn?: boolean;
  readonly newSuperior?: string;
  readonly controls?: readonly Control[];
}

export interface ConnectOptions {
  readonly host?: string;
  readonly port?: number;
  readonly tls?: boolean;
  /** Path of the ldapi socket; instead of host and port. */
  readonly socketPath?: string;
  readonly bindDn?: string;
  readonly password?: string;
}

/** A result other than success, compareTrue and compareFalse. */
export class LdapFailure extends Error {
  readonly result: LdapResult;
  /** What a search had found before it failed. */
  readonly entries: readonly FoundEntry[];

  constructor(what: string, result: LdapResult, entries: readonly FoundEntry[] = []) {
    super(`${what}: result ${result.code} ${result.message}`);
    this.result = result;
    this.entries = entries;
  }
}

/** An error of the connection, such as no answer in time, with what was asked. */
const naming =
  (what: string) =>
  (error: unknown): never => {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
  };

/** The result of a request, whether it was a success or not. */
export async function resultCodeOf(request: Promise<unknown>): Promise<number> {
  try {
    await request;
    return 0;
  } catch (error) {
    if (error instanceof LdapFailure) return error.result.code;
    throw error;
  }
}

export class LdapClient {
  readonly #client: LdapjsClient;
  readonly #closed: Promise<void>;

  private constructor(client: LdapjsClient) {
    this.#client = client;
    this.#closed = new Promise((resolve) => client.once("close", resolve));
  }

  static async connect(options: ConnectOptions): Promise<LdapClient> {
    const scheme = options.tls === true ? "ldaps" : "ldap";
    const target =
      options.socketPath === undefined
        ? { url: `${scheme}://${options.host ?? "127.0.0.1"}:${options.port}` }
        : { socketPath: options.socketPath };
    const client = parts.createClient({
      ...target,
      timeout: ANSWER_TIMEOUT_MS,
      tlsOptions: { rejectUnauthorized: false },
    });
    await new Promise<void>((resolve, reject) => {
      client.once("connect", (socket) => {
        socket.setNoDelay?.(true);
        resolve();
      });
      for (const event of ["error", "connectError", "connectRefused", "connectTimeout"])
        client.on(event, (error) => reject(error ?? new Error(event)));
    });
    const connection = new LdapClient(client);
    if (options.bindDn !== undefined) {
      try {
        await connection.bind(options.bindDn, options.password ?? "");
      } catch (error) {
        connection.close();
        throw error;
      }
    }
    return connection;
  }

  /** Settles when the connection is gone, whoever ended it. */
  get closed(): Promise<void> {
    return this.#closed;
  }

  bind(dn: string, password: string, controls?: readonly Control[]): Promise<LdapResult> {
    const request = new parts.BindRequest({
      name: dn,
      credentials: password,
      controls: rawControls(controls),
    });
    return this.#send(`bind ${dn}`, request);
  }

  add(dn: string, attributes: AttributeValues, controls?: readonly Control[]): Promise<LdapResult> {
    const request = new parts.AddRequest({
      entry: new RawDn(dn),
      attributes: Object.entries(attributes).map(([type, values]) => attribute(type, values)),
      controls: rawControls(controls),
    });
    return this.#send(`add ${dn}`, request);
  }

  modify(
    dn: string,
    modifications: readonly Modification[],
    controls?: readonly Control[],
  ): Promise<LdapResult> {
    const request = new parts.ModifyRequest({
      object: new RawDn(dn),
      changes: modifications.map(
        ({ op, type, values }) =>
          new parts.Change({ operation: op, modification: attribute(type, values ?? []) }),
      ),
      controls: rawControls(controls),
    });
    return this.#send(`modify ${dn}`, request);
  }

  /** The values of `type` become exactly these. */
  replace(dn: string, type: string, values: Value | readonly Value[]): Promise<LdapResult> {
    return this.modify(dn, [{ op: "replace", type, values }]);
  }

  rename(dn: string, newRdn: string, options: RenameOptions = {}): Promise<LdapResult> {
    const request = new parts.ModifyDNRequest({
      entry: new RawDn(dn),
      newRdn: new RawDn(newRdn),
      deleteOldRdn: options.deleteOldRdn ?? true,
      ...(options.newSuperior === undefined ? {} : { newSuperior: new RawDn(options.newSuperior) }),
      controls: rawControls(options.controls),
    });
    return this.#send(`rename ${dn}`, request);
  }

  delete(dn: string, controls?: readonly Control[]): Promise<LdapResult> {
    const request = new parts.DeleteRequest({
      entry: new RawDn(dn),
      controls: rawControls(controls),
    });
    return this.#send(`delete ${dn}`, request);
  }

  compare(
    dn: string,
    type: string,
    options: { readonly value: string; readonly controls?: readonly Control[] },
  ): Promise<LdapResult> {
    const request = new parts.CompareRequest({
      entry: new RawDn(dn),
      attribute: type,
      value: options.value,
      controls: rawControls(options.controls),
    });
    return this.#send(`compare ${dn}`, request);
  }

  async search(base: string, options: SearchOptions = {}): Promise<SearchOutcome> {
    const request = new parts.SearchRequest({
      baseObject: new RawDn(base),
      scope: SCOPES[options.scope ?? "sub"],
      filter: parseLdapjsFilter(options.filter ?? "(objectClass=*)"),
      attributes: [...(options.attributes ?? [])],
      sizeLimit: options.sizeLimit ?? 0,
      timeLimit: options.timeLimit ?? 0,
      typesOnly: options.typesOnly ?? false,
      controls: rawControls(options.controls),
    });
    const outcome = await this.#sendSearch(request).catch(naming(`search ${base}`));
    checkResult(`search ${base}`, outcome.result, outcome.entries);
    return outcome;
  }

  /** The entry with this DN, or `undefined` when there is none. */
  async find(dn: string, attributes: readonly string[] = []): Promise<FoundEntry | undefined> {
    try {
      const { entries } = await this.search(dn, { scope: "base", attributes });
      return entries[0];
    } catch (error) {
      if (error instanceof LdapFailure && error.result.code === 32) return undefined;
      throw error;
    }
  }

  async extended(
    oid: string,
    value?: Buffer,
    controls?: readonly Control[],
  ): Promise<ExtendedResult> {
    const request = new RawExtendedRequest(oid, value, { controls: rawControls(controls) });
    const result = await this.#exchange(request);
    checkResult(`extended operation ${oid}`, resultOf(result));
    return { ...resultOf(result), value: extendedValue(result) };
  }

  async whoAmI(): Promise<string> {
    const { value } = await this.extended(WHO_AM_I_OID);
    return (value ?? Buffer.alloc(0)).toString("utf8");
  }

  modifyPassword(change: {
    readonly user?: string;
    readonly old?: string;
    readonly new?: string;
  }): Promise<ExtendedResult> {
    const ber = new NaiveBer();
    const fields = [change.user, change.old, change.new].flatMap((text, index) =>
      text === undefined ? [] : [ber.octets(text, 0x80 + index)],
    );
    return this.extended(PASSWORD_MODIFY_OID, ber.sequence(...fields));
  }

  startTls(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#client.starttls({ rejectUnauthorized: false }, [], (error) => {
        if (error === null || error === undefined) resolve();
        else reject(error);
      });
    });
  }

  close(): void {
    this.#client.destroy();
  }

  async #send(what: string, request: InstanceType<typeof parts.AddRequest>): Promise<LdapResult> {
    const result = resultOf(await this.#exchange(request).catch(naming(what)));
    checkResult(what, result);
    return result;
  }

  #exchange(request: InstanceType<typeof parts.AddRequest>): Promise<LdapjsResult> {
    return new Promise((resolve, reject) => {
      this.#client._send(request, ANY_STATUS, null, (error, answer) => {
        if (error === null) resolve(answer as LdapjsResult);
        else reject(error);
      });
    });
  }

  #sendSearch(request: InstanceType<typeof parts.SearchRequest>): Promise<SearchOutcome> {
    return new Promise((resolve, reject) => {
      const entries: FoundEntry[] = [];
      const references: (readonly string[])[] = [];
      const emitter = new SearchEvents();
      emitter.on("searchEntry", (entry) => entries.push(foundEntry(entry)));
      emitter.on("searchReference", (reference) => references.push(reference.uris));
      emitter.on("error", reject);
      emitter.on("end", (result) => resolve({ entries, references, result: resultOf(result) }));
      this.#client._send(request, ANY_STATUS, emitter, (error) => {
        if (error !== null) reject(error);
      });
    });
  }
}

interface SearchParts {
  readonly searchEntry: LdapjsEntry;
  readonly searchReference: { readonly uris: readonly string[] };
  readonly error: Error;
  readonly end: LdapjsResult;
}

/** What ldapjs emits the parts of a search into. */
class SearchEvents {
  readonly #listeners = new Map<string, (part: never) => void>();

  on<K extends keyof SearchParts>(event: K, listener: (part: SearchParts[K]) => void): void {
    this.#listeners.set(event, listener);
  }

  emit(event: string, part: unknown): void {
    this.#listeners.get(event)?.(part as never);
  }
}

function attribute(type: string, values: Value | readonly Value[]): LdapjsAttribute {
  const list = typeof values === "string" || Buffer.isBuffer(values) ? [values] : values;
  return new parts.Attribute({
    type,
    values: list.map((value) => (typeof value === "string" ? Buffer.from(value, "utf8") : value)),
  });
}

function rawControls(controls: readonly Control[] = []): LdapjsControl[] {
  return controls.map(({ oid, critical, value }) => new RawControl(oid, critical ?? false, value));
}

function responseControls(controls: readonly LdapjsControl[]): readonly ResponseControl[] {
  return controls.map(({ type, value }) => ({ oid: type, value }));
}

function resultOf(result: LdapjsResult): LdapResult {
  return {
    code: result.status,
    matchedDn: result.matchedDN,
    message: result.diagnosticMessage,
    referrals: result.referrals,
    controls: responseControls(result.controls),
  };
}

function checkResult(what: string, result: LdapResult, found?: readonly FoundEntry[]): void {
  const isGood = result.code === 0 || result.code === 5 || result.code === 6;
  if (!isGood) throw new LdapFailure(what, result, found);
}

function extendedValue(result: LdapjsResult): Buffer | undefined {
  const value = result.responseValue;
  if (value === undefined) return undefined;
  return value.startsWith("<buffer>") ? Buffer.from(value.slice(8), "hex") : Buffer.from(value);
}

function foundEntry(entry: LdapjsEntry): FoundEntry {
  const attributes = new Map<string, readonly Buffer[]>();
  for (const { type, buffers } of entry.attributes)
    attributes.set(type, [...(attributes.get(type) ?? []), ...buffers]);
  const values = (type: string): readonly Buffer[] => {
    for (const [name, found] of attributes)
      if (name.toLowerCase() === type.toLowerCase()) return found;
    return [];
  };
  const texts = (type: string): readonly string[] => values(type).map((v) => v.toString("utf8"));
  return {
    dn: plainDn(entry.objectName.toString()),
    attributes,
    controls: responseControls(entry.controls),
    values,
    texts,
    text: (type) => texts(type)[0],
  };
}

/** ldapjs writes DNs anew, with every octet above 127 as hex; they become characters again. */
function plainDn(dn: string): string {
  return dn.replace(/(?:\\[89a-f][0-9a-f])+/gi, (run) =>
    Buffer.from(run.replaceAll("\\", ""), "hex").toString("utf8"),
  );
}
