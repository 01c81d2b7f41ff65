// cn=config of a simulated server, as `concord replica` would write it.
import { ConfigTree, NO_LIVE_VALUES } from "../../src/config/index.ts";
import { ConfigSession, INSTANCE, shippedSchema } from "../support/config-tree.ts";
import { SUFFIX, type AgreementPlan, type ServerPlan } from "./scenario.ts";
import { SUPPLIER_DN } from "./simulated-server.ts";

export const REPLICA_DN = `cn=replica,cn="${SUFFIX}",cn=mapping tree,cn=config`;
export const agreementDn = (name: string): string => `cn=${name},${REPLICA_DN}`;

const TYPES = { supplier: "3", hub: "2", consumer: "2" } as const;

export function replicaAttributes(plan: ServerPlan): Record<string, string> {
  return {
    nsDS5ReplicaType: TYPES[plan.role],
    nsDS5Flags: plan.role === "consumer" ? "0" : "1",
    nsDS5ReplicaBindDN: SUPPLIER_DN,
    nsDS5ReplicaId: plan.role === "supplier" ? String(plan.replicaId) : "65535",
    ...plan.settings,
  };
}

export function agreementAttributes(plan: AgreementPlan): Record<string, string | string[]> {
  return {
    objectClass: ["top", "nsds5ReplicationAgreement"],
    cn: plan.name,
    nsDS5ReplicaRoot: SUFFIX,
    nsDS5ReplicaHost: plan.to,
    nsDS5ReplicaPort: "389",
    nsDS5ReplicaBindDN: SUPPLIER_DN,
    nsDS5ReplicaBindMethod: "SIMPLE",
    nsDS5ReplicaCredentials: "not asked for",
    nsDS5ReplicaTransportInfo: "LDAP",
    ...plan.settings,
  };
}

let bare: ConfigTree | undefined;

/** Made once: a tree is a value. */
function bareTree(): ConfigTree {
  if (bare === undefined) {
    const session = new ConfigSession(
      ConfigTree.create({ schema: shippedSchema(), instance: INSTANCE, live: NO_LIVE_VALUES }),
    );
    session.addBackend("userRoot", SUFFIX);
    bare = session.tree;
  }
  return bare;
}

export function makeConfig(plan: ServerPlan, agreements: readonly AgreementPlan[]): ConfigTree {
  const session = new ConfigSession(bareTree());
  session.modify("cn=config", ["replace", "nsslapd-localhost", plan.name]);
  session.addReplica(SUFFIX, replicaAttributes(plan));
  const changelog = Object.entries(plan.changelog);
  if (changelog.length > 0) {
    session.modify(
      "cn=changelog,cn=userRoot,cn=ldbm database,cn=plugins,cn=config",
      ...changelog.map(([type, value]) => ["replace", type, value] as const),
    );
  }
  for (const agreement of agreements) {
    if (agreement.from !== plan.name) continue;
    session.add(agreementDn(agreement.name), agreementAttributes(agreement));
  }
  return session.tree;
}
