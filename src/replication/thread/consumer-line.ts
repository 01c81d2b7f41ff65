// A connection to a consumer with what is known about it, and the requests that a session needs beside updates and entries.
import type { Log } from "../../base/index.ts";
import type { Capabilities } from "../../link/index.ts";
import {
  END_REPLICATION_OID,
  type LdapResult,
  MANAGE_DSA_IT_CONTROL,
  ProtocolError,
  REST_SESSION_OID,
  type ReplicationResponse,
  type ResponseMessage,
  ResultCode,
  type SearchRequest,
  decodeReplicationResponse,
  encodeEndReplication,
  encodeStartReplication,
} from "../../protocol/index.ts";
import type { Csn } from "../csn/index.ts";
import { type Ruv, findElement, formatRuv } from "../ruv/index.ts";
import type { SupplierLink } from "./agreement-world.ts";
import type { AgreementConfig } from "./messages.ts";

/** undefined: the answer cannot be read. */
export type ResponseHandler = (response: ReplicationResponse | undefined) => void;

export class ConsumerLine {
  readonly link: SupplierLink;
  private readonly capabilities: Capabilities;
  private readonly log: Log;
  private hasReadReplicaId = false;

  constructor(link: SupplierLink, capabilities: Capabilities, log: Log) {
    this.link = link;
    this.capabilities = capabilities;
    this.log = log;
  }

  /** Whether a total initialization may bring it the structure log: another Concord. */
  get takesStructure(): boolean {
    return this.capabilities.takesStructure;
  }

  /** Whether a total initialization may tell it of cleaned replica IDs: another Concord. */
  get takesCleaned(): boolean {
    return this.capabilities.takesCleaned;
  }

  sendStart(
    config: AgreementConfig,
    start: { readonly protocolOid: string; readonly ruv: Ruv; readonly csn: Csn },
    answered: ResponseHandler,
  ): void {
    const { protocolOid, ruv, csn } = start;
    const value = encodeStartReplication({
      protocolOid,
      suffix: config.suffix,
      ruv: formatRuv(ruv),
      // A read-only replica is not in its own RUV: it says otherwise where it is.
      referrals: findElement(ruv, config.replicaId) === undefined ? [config.purl] : [],
      csn,
      sessionData: undefined,
    });
    this.extended(this.capabilities.startOid, value, answered);
  }

  /** Whether it keeps a session for changes that may come: another Concord. */
  get mayRest(): boolean {
    return this.capabilities.mayRest;
  }

  sendRest(suffix: string, ruv: Ruv | undefined, ended: ResponseHandler): void {
    const value = encodeEndReplication({ suffix, ruv: ruv === undefined ? [] : formatRuv(ruv) });
    this.extended(REST_SESSION_OID, value, ended);
  }

  sendEnd(suffix: string, ruv: Ruv | undefined, answered: ResponseHandler): void {
    const value = encodeEndReplication({ suffix, ruv: ruv === undefined ? [] : formatRuv(ruv) });
    this.extended(END_REPLICATION_OID, value, answered);
  }

  /** Once per connection; the session does not wait for it. */
  readReplicaId(config: AgreementConfig, read: (replicaId: number) => void): void {
    if (this.hasReadReplicaId) return;
    this.hasReadReplicaId = true;
    const timeLimit = Math.ceil(config.link.timeoutMs / 1000);
    const request = searchOf(config.consumerReplicaDn, ["nsDS5ReplicaID"], timeLimit);
    this.link.send(request, [MANAGE_DSA_IT_CONTROL], ({ response }) => {
      if (response.type !== "searchEntry") return;
      const replicaId = Number(response.attributes[0]?.values[0]?.toString("latin1"));
      if (Number.isInteger(replicaId)) read(replicaId);
    });
  }

  /** Values of an entry by attribute name in lower case; undefined: it could not be read. Does not resolve when the connection
   *  is lost. */
  read(
    dn: string,
    attributes: readonly string[],
  ): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
    return new Promise((resolve) => {
      let values: Map<string, readonly string[]> | undefined;
      this.link.send(searchOf(dn, attributes, 0), [MANAGE_DSA_IT_CONTROL], ({ response }) => {
        if (response.type === "searchEntry") {
          values = new Map(
            response.attributes.map(({ type, values: found }) => [
              type.toLowerCase(),
              found.map((value) => value.toString("utf8")),
            ]),
          );
        } else if (response.type === "searchDone") {
          resolve(response.result.code === ResultCode.success ? values : undefined);
        }
      });
    });
  }

  /** One modify that replaces whole attributes. Does not resolve when the connection is lost. */
  replace(
    dn: string,
    attributes: readonly (readonly [type: string, values: readonly string[]])[],
  ): Promise<LdapResult> {
    const mods = attributes.map(([type, values]) => ({
      operation: "replace" as const,
      type,
      values: values.map((value) => Buffer.from(value, "utf8")),
    }));
    return new Promise((resolve) => {
      this.link.send({ type: "modify", dn, mods }, [MANAGE_DSA_IT_CONTROL], ({ response }) => {
        if (response.type === "modifyResponse") resolve(response.result);
      });
    });
  }

  private extended(oid: string, value: Buffer, answered: ResponseHandler): void {
    this.link.send({ type: "extended", oid, value }, [MANAGE_DSA_IT_CONTROL], (message) =>
      answered(this.decode(message)),
    );
  }

  private decode({ response }: ResponseMessage): ReplicationResponse | undefined {
    if (response.type !== "extendedResponse") return undefined;
    try {
      return decodeReplicationResponse(response.value);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const { code, message } = response.result;
      this.log.warn("agreement.response.unreadable", { code, message });
      return undefined;
    }
  }
}

const searchOf = (
  base: string,
  attributes: readonly string[],
  timeLimit: number,
): SearchRequest => ({
  type: "search",
  base,
  scope: "base",
  derefAliases: 0,
  sizeLimit: 0,
  timeLimit,
  typesOnly: false,
  filter: { type: "present", attribute: "objectclass" },
  attributes,
});
