// Text of a RUV (replication-protocol 2.2), as in nsds50ruv, in the messages of a session, and in our tables:
//
//   {replicageneration} 6b0208d2000000010000
//   {replica 1 ldap://localhost:14101} 6b0208f0000000010000 6b0208f3000400010000
//   {replica 2 ldap://localhost:14102}                                              no changes yet
//   {replica 3} 6b0208f0000000030000 6b0208f3000400030000                           purl not known yet
//
// The stored form has the time of the last move as a third field of 8 hex digits, which 389's parser knows as well.
// 389: an element that cannot be parsed is dropped, a second generation is ignored.
import { type Csn, type ReplicaId, parseCsn } from "../csn/index.ts";
import type { Ruv, RuvElement } from "./ruv.ts";

/** Elements of a RUV that are taken from a peer; more are dropped. */
export const RUV_ELEMENTS_MAX = 4096;
/** Characters of one RUV value of a peer. */
export const RUV_VALUE_CHARS_MAX = 2048;

const GENERATION_TEXT = /^\{replicageneration\}\s*(\S+)$/i;
const ELEMENT_TEXT = /^\{replica (\d{1,5})(?: ([^\s}]+))? ?\}\s*(.*)$/i;
const REPLICA_ID_MAX = 65_535;
const CSN_CHARS = 20;

/** The RUV in `values` (in any order of generation and elements); undefined when there is no generation. */
export function parseRuv(values: readonly string[]): Ruv | undefined {
  let generation: string | undefined;
  const elements = new Map<ReplicaId, RuvElement>();
  for (const value of values) {
    if (value.length > RUV_VALUE_CHARS_MAX || elements.size >= RUV_ELEMENTS_MAX) continue;
    generation ??= GENERATION_TEXT.exec(value.trim())?.[1];
    const element = parseRuvElement(value);
    if (element !== undefined && !elements.has(element.replicaId)) {
      elements.set(element.replicaId, element);
    }
  }
  return generation === undefined ? undefined : { generation, elements: [...elements.values()] };
}

export function parseRuvElement(value: string): RuvElement | undefined {
  const match = ELEMENT_TEXT.exec(value);
  const replicaId = Number(match?.[1]);
  if (match === null || replicaId < 1 || replicaId > REPLICA_ID_MAX) return undefined;
  const purl = match[2];
  const csns = parseCsns(match[3] ?? "");
  // 389: an element needs CSNs or a purl.
  if (csns === undefined || (csns.minCsn === undefined && purl === undefined)) return undefined;
  return { replicaId: replicaId as ReplicaId, purl, ...csns };
}

interface ElementCsns {
  readonly minCsn: Csn | undefined;
  readonly maxCsn: Csn | undefined;
  readonly lastModifiedSeconds: number;
}

function parseCsns(text: string): ElementCsns | undefined {
  if (text === "") return { minCsn: undefined, maxCsn: undefined, lastModifiedSeconds: 0 };
  const fields = text.split(" ");
  const [min = "", max = "", modified = "0"] = fields;
  if (fields.length > 3 || min.length !== CSN_CHARS || max.length !== CSN_CHARS) return undefined;
  const minCsn = parseCsn(min);
  const maxCsn = parseCsn(max);
  if (minCsn === undefined || maxCsn === undefined || minCsn > maxCsn) return undefined;
  if (!/^[0-9a-f]{1,8}$/i.test(modified)) return undefined;
  return { minCsn, maxCsn, lastModifiedSeconds: Number.parseInt(modified, 16) };
}

/** The values, generation first, elements in their order. `withoutPurl: "omit"` is the form of nsds50ruv as it is shown;
 *  peers get all. */
export function formatRuv(
  ruv: Ruv,
  options: { readonly withoutPurl?: "keep" | "omit" } = {},
): string[] {
  const omit = options.withoutPurl === "omit";
  const shown = ruv.elements.filter((element) =>
    omit ? element.purl !== undefined : !isEmpty(element),
  );
  return [`{replicageneration} ${ruv.generation}`, ...shown.map(formatRuvElement)];
}

export function formatRuvElement(element: RuvElement): string {
  const { minCsn, maxCsn } = element;
  return minCsn === undefined || maxCsn === undefined
    ? formatHead(element)
    : `${formatHead(element)} ${minCsn} ${maxCsn}`;
}

/** The values of nsruvReplicaLastModified. */
export function formatLastModified(ruv: Ruv): string[] {
  return ruv.elements
    .filter((element) => element.purl !== undefined)
    .map((element) => `${formatHead(element)} ${hexSeconds(element)}`);
}

/** The stored form: the values with times of modification, a line each. */
export function encodeRuv(ruv: Ruv): Buffer {
  const lines = ruv.elements.map((element) =>
    element.maxCsn === undefined
      ? formatHead(element)
      : `${formatRuvElement(element)} ${hexSeconds(element)}`,
  );
  return Buffer.from([`{replicageneration} ${ruv.generation}`, ...lines].join("\n"));
}

/** Reads the stored form; undefined when it holds no generation. */
export const decodeRuv = (bytes: Buffer): Ruv | undefined =>
  parseRuv(bytes.toString("utf8").split("\n"));

const formatHead = ({ replicaId, purl }: RuvElement): string =>
  purl === undefined ? `{replica ${replicaId}}` : `{replica ${replicaId} ${purl}}`;

const hexSeconds = ({ lastModifiedSeconds }: RuvElement): string =>
  lastModifiedSeconds.toString(16).padStart(8, "0");

const isEmpty = ({ purl, maxCsn }: RuvElement): boolean =>
  purl === undefined && maxCsn === undefined;
