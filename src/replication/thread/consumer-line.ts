// A connection to a consumer with what is known about it, and the requests that a session needs beside updates and entries.
import type { Log } from "../../base/index.ts";
import type { Capabilities } from "../../link/index.ts";
import {
  END_REPLICATION_OID,
  MANAGE_DSA_IT_CONTROL,
  ProtocolError,
  type ReplicationResponse,
  type ResponseMessage,
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

  sendEnd(suffix: string, ruv: Ruv | undefined, answered: ResponseHandler): void {
    const value = encodeEndReplication({ suffix, ruv: ruv === undefined ? [] : formatRuv(ruv) });
    this.extended(END_REPLICATION_OID, value, answered);
  }

  /** Once per connection; the session does not wait for it. */
  readReplicaId(config: AgreementConfig, read: (replicaId: number) => void): void {
    if (this.hasReadReplicaId) return;
    this.hasReadReplicaId = true;
    const request = {
      type: "search",
      base: config.consumerReplicaDn,
      scope: "base",
      derefAliases: 0,
      sizeLimit: 0,
      timeLimit: Math.ceil(config.link.timeoutMs / 1000),
      typesOnly: false,
      filter: { type: "present", attribute: "objectclass" },
      attributes: ["nsDS5ReplicaID"],
    } as const;
    this.link.send(request, [MANAGE_DSA_IT_CONTROL], ({ response }) => {
      if (response.type !== "searchEntry") return;
      const replicaId = Number(response.attributes[0]?.values[0]?.toString("latin1"));
      if (Number.isInteger(replicaId)) read(replicaId);
    });
  }

  private extended(oid: string, value: Buffer, answered: ResponseHandler): void {
    this.link.send({ type: "extended", oid, value }, [MANAGE_DSA_IT_CONTROL], (message) =>
      answered(this.read(message)),
    );
  }

  private read({ response }: ResponseMessage): ReplicationResponse | undefined {
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
