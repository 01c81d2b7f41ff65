// The cases through ldapjs.
import { BerReader } from "@ldapjs/asn1";
import { LdapClient, LdapFailure } from "../support/ldap.ts";
import type { Control, FoundEntry, LdapResult } from "../support/ldap.ts";
import { parseLdapjsFilter } from "../support/ldapjs-filter.ts";
import { NaiveBer } from "../support/naive-ber.ts";
import { octetsOf, textOf, valueList } from "./request.ts";
import type {
  Answer,
  AnswerAttributes,
  Operation,
  Request,
  SearchRequest,
  Target,
} from "./request.ts";

const ASSERTION_OID = "1.3.6.1.1.12";
const PAGED_OID = "1.2.840.113556.1.4.319";
const PRE_READ_OID = "1.3.6.1.1.13.1";
const POST_READ_OID = "1.3.6.1.1.13.2";
const ber = new NaiveBer();

export async function runWithLdapjs(
  requests: readonly Request[],
  target: Target,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (const request of requests) answers.push(await answerOne(request, target));
  return answers;
}

async function answerOne(request: Request, target: Target): Promise<Answer> {
  const client = await connect(request, target);
  try {
    if (request.on === "startTls") await client.startTls();
    const identity = request.as ?? target.root;
    if (identity === "external") throw new Error("ldapjs has no SASL");
    await client.bind(identity.dn, identity.password);
    return await perform(client, request);
  } catch (error) {
    if (!(error instanceof LdapFailure)) throw error;
    return { ...resultPart(error.result), entries: error.entries.map(entryPart) };
  } finally {
    client.close();
  }
}

function connect({ on }: Request, target: Target): Promise<LdapClient> {
  if (on === "ldaps") return LdapClient.connect({ port: target.securePort, tls: true });
  if (on === "ldapi") return LdapClient.connect({ socketPath: target.ldapiPath });
  return LdapClient.connect({ port: target.port });
}

async function perform(client: LdapClient, request: Request): Promise<Answer> {
  const { operation } = request;
  const controls = controlsOf(request);
  switch (operation.kind) {
    case "add": {
      const attributes = Object.entries(operation.attributes).map(
        ([type, values]) => [type, valueList(values).map(octetsOf)] as const,
      );
      return resultPart(await client.add(operation.dn, Object.fromEntries(attributes), controls));
    }
    case "modify":
      return resultPart(await modify(client, operation, { controls }));
    case "rename": {
      const { dn, newRdn, deleteOldRdn = true, newSuperior } = operation;
      const superior = newSuperior === undefined ? {} : { newSuperior };
      return resultPart(await client.rename(dn, newRdn, { deleteOldRdn, controls, ...superior }));
    }
    case "delete":
      return resultPart(await client.delete(operation.dn, controls));
    case "compare": {
      const { dn, type, value } = operation;
      return resultPart(await client.compare(dn, type, { value, controls }));
    }
    case "search":
      return search(client, operation, { controls });
    case "whoAmI":
      return { code: 0, authzId: await client.whoAmI() };
    case "passwordModify": {
      const { kind: _, ...change } = operation;
      const result = await client.modifyPassword(change);
      return { code: result.code, ...generatedPart(result.value) };
    }
    case "extended":
      return resultPart(await client.extended(operation.oid, undefined, controls));
  }
}

function modify(
  client: LdapClient,
  operation: Extract<Operation, { kind: "modify" }>,
  { controls }: { readonly controls: readonly Control[] },
): Promise<LdapResult> {
  const changes = operation.changes.map(({ op, type, values = [] }) => {
    if (op === "increment") throw new Error("ldapjs has no increment");
    return { op, type, values: values.map(octetsOf) };
  });
  return client.modify(operation.dn, changes, controls);
}

async function search(
  client: LdapClient,
  request: SearchRequest,
  { controls }: { readonly controls: readonly Control[] },
): Promise<Answer> {
  const { base = "$B", scope = "sub", pageSize } = request;
  if (scope === "children") throw new Error("ldapjs has no scope children");
  const options = {
    scope,
    filter: request.filter ?? "(objectClass=*)",
    attributes: request.attributes ?? [],
    sizeLimit: request.sizeLimit ?? 0,
    typesOnly: request.typesOnly ?? false,
  };
  if (pageSize === undefined) {
    const { entries, result } = await client.search(base, { ...options, controls });
    return { ...resultPart(result), entries: entries.map(entryPart) };
  }
  const found: FoundEntry[] = [];
  const pages: number[] = [];
  let cookie: Buffer = Buffer.alloc(0);
  do {
    const value = ber.sequence(ber.integer(pageSize), ber.octets(cookie));
    const paged = { oid: PAGED_OID, critical: true, value };
    const { entries, result } = await client.search(base, {
      ...options,
      controls: [...controls, paged],
    });
    found.push(...entries);
    pages.push(entries.length);
    const answer = result.controls.find(({ oid }) => oid === PAGED_OID);
    cookie = (answer?.value as { cookie: Buffer } | undefined)?.cookie ?? Buffer.alloc(0);
  } while (cookie.length > 0);
  return { code: 0, entries: found.map(entryPart), pages };
}

function controlsOf(request: Request): readonly Control[] {
  const controls: Control[] = (request.controls ?? []).map(({ oid, critical, base64 }) => ({
    oid,
    critical: critical ?? false,
    ...(base64 === undefined ? {} : { value: Buffer.from(base64, "base64") }),
  }));
  if (request.assertion !== undefined) {
    const value = parseLdapjsFilter(request.assertion).toBer().buffer;
    controls.push({ oid: ASSERTION_OID, critical: true, value });
  }
  const reads = [
    [PRE_READ_OID, request.preRead],
    [POST_READ_OID, request.postRead],
  ] as const;
  for (const [oid, types] of reads) {
    if (types === undefined) continue;
    controls.push({ oid, value: ber.sequence(...types.map((type) => ber.octets(type))) });
  }
  return controls;
}

function resultPart(result: LdapResult): Answer {
  const preRead = readPart(result, PRE_READ_OID);
  const postRead = readPart(result, POST_READ_OID);
  return {
    code: result.code,
    message: result.message,
    matchedDn: result.matchedDn,
    ...(preRead === undefined ? {} : { preRead }),
    ...(postRead === undefined ? {} : { postRead }),
  };
}

/** The value of a read control is a SearchResultEntry. */
function readPart(result: LdapResult, wanted: string): AnswerAttributes | undefined {
  const value = result.controls.find(({ oid }) => oid === wanted)?.value;
  if (!Buffer.isBuffer(value)) return undefined;
  const entry = inside(value, 0x64);
  entry.readString(0x04, true);
  const list = inside(entry, 0x30);
  const attributes: Record<string, readonly string[]> = {};
  while (list.remain > 0) {
    const attribute = inside(list, 0x30);
    const type = (attribute.readString(0x04, true) ?? "").toString();
    const octets = inside(attribute, 0x31);
    const values: string[] = [];
    while (octets.remain > 0) values.push(textOf(octets.readString(0x04, true) as Buffer));
    attributes[type] = values;
  }
  return attributes;
}

/** A reader of what is inside the next element. */
function inside(outer: BerReader | Buffer, tag: number): BerReader {
  const reader = Buffer.isBuffer(outer) ? new BerReader(outer) : outer;
  return new BerReader(reader.readString(tag, true) ?? Buffer.alloc(0));
}

function entryPart(entry: FoundEntry): { dn: string; attributes: AnswerAttributes } {
  const attributes = [...entry.attributes].map(([type, values]) => [type, values.map(textOf)]);
  return { dn: entry.dn, attributes: Object.fromEntries(attributes) as AnswerAttributes };
}

/** `30 { 80 password }`, or nothing when the client had given the password. */
function generatedPart(value: Buffer | undefined): { readonly generatedPassword?: string } {
  if (value === undefined || value.length < 4) return {};
  return { generatedPassword: value.subarray(4).toString("utf8") };
}
