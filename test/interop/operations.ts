// Every kind of operation that a client can send, each a step of one history below a container of its own.
import type { LdapClient } from "../support/ldap.ts";

export interface Operation {
  readonly name: string;
  readonly run: (client: LdapClient, base: string) => Promise<unknown>;
}

const PERSON = ["top", "person", "organizationalPerson", "inetOrgPerson"];

export const OPERATIONS: readonly Operation[] = [
  {
    name: "add",
    run: async (client, base) => {
      await client.add(`ou=left,${base}`, { objectClass: "organizationalUnit", ou: "left" });
      await client.add(`ou=right,${base}`, { objectClass: "organizationalUnit", ou: "right" });
      for (const name of ["ann", "bob", "cyd"]) {
        await client.add(`uid=${name},ou=left,${base}`, {
          objectClass: PERSON,
          uid: name,
          cn: [`${name} One`, `${name} Two`],
          sn: name,
          description: ["a", "b", "c"],
          mail: `${name}@example.com`,
          employeeNumber: "1",
        });
      }
      await client.add(`cn=Zoë,ou=left,${base}`, { objectClass: "person", cn: "Zoë", sn: "Z" });
    },
  },
  {
    name: "modify: add values",
    run: (client, base) =>
      client.modify(`uid=ann,ou=left,${base}`, [
        { op: "add", type: "description", values: ["d", "e"] },
        { op: "add", type: "description;lang-fr", values: "à" },
        { op: "add", type: "title", values: "Dr" },
      ]),
  },
  {
    name: "modify: delete values",
    run: (client, base) =>
      client.modify(`uid=ann,ou=left,${base}`, [
        { op: "delete", type: "description", values: ["a", "d"] },
        { op: "delete", type: "title", values: "dr" },
      ]),
  },
  {
    name: "modify: add a deleted value again",
    run: (client, base) =>
      client.modify(`uid=ann,ou=left,${base}`, [{ op: "add", type: "description", values: "a" }]),
  },
  {
    name: "modify: replace",
    run: (client, base) =>
      client.modify(`uid=ann,ou=left,${base}`, [
        { op: "replace", type: "description", values: ["x", "b"] },
        { op: "replace", type: "street", values: "Am Fluß 1" },
        { op: "replace", type: "employeeNumber", values: "2" },
      ]),
  },
  {
    name: "modify: replace by nothing",
    run: (client, base) =>
      client.modify(`uid=bob,ou=left,${base}`, [
        { op: "replace", type: "description", values: [] },
        { op: "replace", type: "l", values: [] },
      ]),
  },
  {
    name: "modify: delete the whole attribute",
    run: (client, base) =>
      client.modify(`uid=bob,ou=left,${base}`, [{ op: "delete", type: "mail" }]),
  },
  {
    name: "modify: the deleted attribute comes back",
    run: (client, base) =>
      client.modify(`uid=bob,ou=left,${base}`, [
        { op: "add", type: "mail", values: "again@example.com" },
        { op: "add", type: "description", values: "again" },
      ]),
  },
  {
    name: "modify: several mods of one attribute",
    run: (client, base) =>
      client.modify(`uid=cyd,ou=left,${base}`, [
        { op: "delete", type: "description", values: "a" },
        { op: "add", type: "description", values: "a" },
        { op: "delete", type: "description", values: "b" },
        { op: "add", type: "description", values: ["B2"] },
        { op: "replace", type: "mail", values: ["1@example.com", "2@example.com"] },
        { op: "delete", type: "mail", values: "1@example.com" },
      ]),
  },
  {
    name: "modify: a single-valued attribute goes and comes",
    run: async (client, base) => {
      const dn = `uid=cyd,ou=left,${base}`;
      await client.modify(dn, [{ op: "replace", type: "employeeNumber", values: "7" }]);
      await client.modify(dn, [{ op: "delete", type: "employeeNumber" }]);
      await client.modify(dn, [{ op: "add", type: "employeeNumber", values: "8" }]);
    },
  },
  {
    name: "modify: a single-valued attribute is deleted by its value",
    run: async (client, base) => {
      const dn = `uid=cyd,ou=left,${base}`;
      await client.modify(dn, [{ op: "add", type: "preferredLanguage", values: "en" }]);
      await client.modify(dn, [{ op: "delete", type: "preferredLanguage", values: "en" }]);
    },
  },
  {
    name: "modify: object classes",
    run: async (client, base) => {
      const dn = `uid=cyd,ou=left,${base}`;
      await client.modify(dn, [
        { op: "add", type: "objectClass", values: "extensibleObject" },
        { op: "add", type: "serialNumber", values: "1" },
      ]);
      await client.modify(dn, [
        { op: "delete", type: "serialNumber" },
        { op: "delete", type: "objectClass", values: "extensibleObject" },
      ]);
    },
  },
  {
    name: "modify: binary values",
    run: (client, base) =>
      client.modify(`uid=bob,ou=left,${base}`, [
        { op: "add", type: "jpegPhoto", values: Buffer.from([0, 255, 128, 10, 13]) },
        {
          op: "add",
          type: "userCertificate;binary",
          values: Buffer.from([0x30, 3, 2, 1, 200]),
        },
      ]),
  },
  {
    name: "modify: userPassword",
    run: (client, base) => client.replace(`uid=bob,ou=left,${base}`, "userPassword", "new secret"),
  },
  {
    name: "modify: an access control instruction",
    run: (client, base) =>
      client.replace(
        base,
        "aci",
        '(targetattr="cn")(version 3.0; acl "anyone"; allow (read) userdn="ldap:///anyone";)',
      ),
  },
  {
    name: "rename, the old value goes",
    run: (client, base) => client.rename(`uid=ann,ou=left,${base}`, "uid=anna"),
  },
  {
    name: "rename, the old value stays",
    run: (client, base) =>
      client.rename(`uid=anna,ou=left,${base}`, "uid=hannah", { deleteOldRdn: false }),
  },
  {
    name: "rename to a value of another type with two attribute values in the RDN",
    run: (client, base) =>
      client.rename(`uid=bob,ou=left,${base}`, "cn=Bob Ⅱ+uid=bob", { deleteOldRdn: true }),
  },
  {
    name: "rename by case alone",
    run: (client, base) => client.rename(`uid=hannah,ou=left,${base}`, "uid=Hannah"),
  },
  {
    name: "move",
    run: (client, base) =>
      client.rename(`uid=Hannah,ou=left,${base}`, "uid=Hannah", {
        newSuperior: `ou=right,${base}`,
      }),
  },
  {
    name: "move with a new name",
    run: (client, base) =>
      client.rename(`uid=cyd,ou=left,${base}`, "uid=sid", {
        newSuperior: `ou=right,${base}`,
        deleteOldRdn: false,
      }),
  },
  {
    name: "rename of a subtree",
    run: (client, base) => client.rename(`ou=right,${base}`, "ou=rechts"),
  },
  {
    name: "move of a subtree",
    run: (client, base) =>
      client.rename(`ou=rechts,${base}`, "ou=rechts", { newSuperior: `ou=left,${base}` }),
  },
  {
    name: "modify below the moved subtree",
    run: (client, base) =>
      client.replace(`uid=sid,ou=rechts,ou=left,${base}`, "description", "moved"),
  },
  {
    name: "delete",
    run: (client, base) => client.delete(`cn=Zoë,ou=left,${base}`),
  },
  {
    name: "delete of a renamed and changed entry",
    run: (client, base) => client.delete(`uid=sid,ou=rechts,ou=left,${base}`),
  },
  {
    name: "add of a deleted DN",
    run: (client, base) =>
      client.add(`cn=Zoë,ou=left,${base}`, { objectClass: PERSON, cn: "Zoë", sn: "Z" }),
  },
];

/**
 * Facts in which two 389 servers differ with each other after the same operations. The deletion of a single value by its
 * name leaves no trace on the server that the client asked, and counts as deletion of the attribute on the others.
 */
export function isKnownDifference(fact: string): boolean {
  return fact.startsWith("preferredlanguage");
}
