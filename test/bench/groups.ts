// A group for the load `member`. It is made over LDAP in pieces, because servers limit the length of a request, and outside of the
// people, so that the numbers that searches check do not change. Its members are users, as far as there are so many.
import { LdapClient } from "../support/ldap.ts";
import type { LoadTarget } from "./load-generator.ts";
import { GROUP, userDn } from "./people.ts";

const PIECE_VALUES = 5000;

export async function createGroup(
  { port, bindDn, password }: LoadTarget,
  members: number,
): Promise<void> {
  const client = await LdapClient.connect({ port, bindDn, password });
  await client.add(GROUP, {
    objectClass: ["top", "groupOfNames"],
    cn: "everybody",
    member: userDn(0),
  });
  for (let first = 1; first < members; first += PIECE_VALUES) {
    const count = Math.min(PIECE_VALUES, members - first);
    const values = Array.from({ length: count }, (_, index) => userDn(first + index));
    await client.modify(GROUP, [{ op: "add", type: "member", values }]);
  }
  client.close();
}

export async function removeGroup({ port, bindDn, password }: LoadTarget): Promise<void> {
  const client = await LdapClient.connect({ port, bindDn, password });
  await client.delete(GROUP);
  client.close();
}
