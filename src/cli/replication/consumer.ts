// The other end of an agreement, reached with the rights that were given for the supplier.
import type { Ruv } from "../../replication/ruv/index.ts";
import type { AgreementInfo } from "./agreement.ts";
import { readRuv } from "./replica.ts";
import { type Access, connectTo } from "./server-connection.ts";

/** Where an agreement sends to. */
export function consumerUrl({ host, port, transport }: AgreementInfo): string {
  const scheme = /^(ssl|ldaps)$/i.test(transport) ? "ldaps" : "ldap";
  return `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The consumer's update vector; a text tells why it could not be read. */
export async function readConsumerRuv(
  agreement: AgreementInfo,
  access: Access,
  suffix: string,
): Promise<Ruv | undefined | string> {
  if (access.identity.method === "external") return "only the root password tells";
  const startTls = /^(tls|starttls)$/i.test(agreement.transport);
  try {
    const client = await connectTo(consumerUrl(agreement), {
      ...access,
      address: { ...access.address, startTls },
    });
    try {
      return (await readRuv(client, suffix)).ruv;
    } finally {
      client.close();
    }
  } catch (error) {
    return (error as Error).message;
  }
}
