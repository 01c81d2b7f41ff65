// How far a consumer is behind a supplier. An agreement that sends all is measured by the update vectors: what the supplier has
// and the consumer lacks. A fractional one by what the supplier says it has for this agreement (nsds5agmtmaxcsn), because the
// vector of its consumer stays behind by changes that are not sent.
import { type Csn, csnSeconds, parseCsn } from "../../replication/csn/index.ts";
import { type Ruv, ruvMaxCsn } from "../../replication/ruv/index.ts";
import type { AgreementInfo } from "./agreement.ts";
import type { ReplicaInfo } from "./replica.ts";

export type Lag =
  | { readonly type: "inSync" }
  | {
      readonly type: "behind";
      /** Between the newest change of the supplier and the newest that the consumer has, of the origin that is worst. */
      readonly seconds: number;
    }
  | { readonly type: "otherGeneration" }
  | { readonly type: "unknown"; readonly reason: string };

export function agreementLag(
  supplier: ReplicaInfo,
  agreement: AgreementInfo,
  consumer: Ruv | undefined,
): Lag {
  const { ruv } = supplier;
  if (ruv === undefined) return { type: "unknown", reason: "the supplier shows no update vector" };
  if (consumer === undefined) {
    return { type: "unknown", reason: "the consumer shows no update vector" };
  }
  if (ruv.generation !== consumer.generation) return { type: "otherGeneration" };
  const pairs: [Csn | undefined, Csn | undefined][] =
    agreement.excluded.length > 0
      ? [[sentCsn(supplier, agreement), ruvMaxCsn(consumer, supplier.replicaId)]]
      : ruv.elements.map(({ replicaId, maxCsn }) => [maxCsn, ruvMaxCsn(consumer, replicaId)]);
  const lags = pairs.flatMap(([own, theirs]) => {
    if (own === undefined || (theirs !== undefined && theirs >= own)) return [];
    return [theirs === undefined ? 0 : csnSeconds(own) - csnSeconds(theirs)];
  });
  return lags.length === 0 ? { type: "inSync" } : { type: "behind", seconds: Math.max(...lags) };
}

/** The newest own change that counts for the agreement. */
function sentCsn(supplier: ReplicaInfo, agreement: AgreementInfo): Csn | undefined {
  for (const value of supplier.agreementMaxCsns) {
    const fields = value.split(";");
    const csn = fields.at(-1);
    if (fields.includes(agreement.name) && csn !== undefined) return parseCsn(csn);
  }
  return undefined;
}

export function describeLag(lag: Lag): string {
  switch (lag.type) {
    case "inSync":
      return "in sync";
    case "behind":
      return lag.seconds === 0 ? "behind" : `${lag.seconds} s behind`;
    case "otherGeneration":
      return "needs initialization";
    case "unknown":
      return `unknown: ${lag.reason}`;
  }
}
