// One table of expectations, three clients: ldapjs, the OpenLDAP tools and python-ldap send the same requests to a running
// server, each below a container of its own. Where a client cannot say something, the table says so, and the case is
// listed as skipped. The three share no code with each other (ldapjs: JavaScript; libldap is under the other two) and
// none with the server.
//
// CONCORD_INTEROP_PEER=ns-slapd rehearses the table against 389, without the cases where 389 is known to answer otherwise.
import { assert } from "chai";
import { existsSync } from "node:fs";
import { ROOT_DN, ROOT_PASSWORD } from "../support/directory-server.ts";
import type { DirectoryServer } from "../support/directory-server.ts";
import { createConcord, isRehearsal } from "../interop/peer.ts";
import { addCases } from "./cases/add-cases.ts";
import { filterCases } from "./cases/filter-cases.ts";
import { searchCases } from "./cases/search-cases.ts";
import { sessionCases } from "./cases/session-cases.ts";
import { updateCases } from "./cases/update-cases.ts";
import { checkAnswer } from "./check-answer.ts";
import { runWithLdapjs } from "./ldapjs-driver.ts";
import { runWithPython } from "./python-driver.ts";
import { withBase } from "./request.ts";
import type { Answer, Case, ClientName, Driver } from "./request.ts";
import { runWithTools } from "./tools-driver.ts";

const SUFFIX = "dc=example,dc=com";
const TIMEOUT_MS = 300_000;
const RULES = [
  '(targetattr!="userPassword")(version 3.0; acl "read"; allow (read,search,compare) userdn="ldap:///anyone";)',
  '(targetattr="userPassword")(version 3.0; acl "own password"; allow (write) userdn="ldap:///self";)',
];
const CASES: readonly Case[] = [
  ...addCases,
  ...filterCases,
  ...searchCases,
  ...updateCases,
  ...sessionCases,
];
const DRIVERS: Readonly<Record<ClientName, Driver>> = {
  ldapjs: runWithLdapjs,
  "ldap-utils": runWithTools,
  "python-ldap": runWithPython,
};
const NEEDED: Readonly<Record<ClientName, string | undefined>> = {
  ldapjs: undefined,
  "ldap-utils": "/usr/bin/ldapsearch",
  "python-ldap": "/usr/lib/python3/dist-packages/ldap/__init__.py",
};

suite("blackbox/clients", function () {
  this.timeout(TIMEOUT_MS);
  let server: DirectoryServer;

  suiteSetup(async () => {
    server = await createConcord({ suffix: SUFFIX, suffixEntry: true, tls: true });
  });
  suiteTeardown(async () => {
    await server?.remove();
  });

  for (const client of Object.keys(DRIVERS) as ClientName[]) {
    suite(`blackbox/clients: ${client}`, () => {
      const base = `ou=${client},${SUFFIX}`;
      const said = CASES.filter(({ cannot }) => cannot?.[client] === undefined);
      const answers = new Map<Case, Answer>();

      suiteSetup(async () => {
        const needed = NEEDED[client];
        if (needed !== undefined && !existsSync(needed))
          throw new Error(`${needed} is missing: install the package of ${client}`);
        await makeContainer(base);
        const target = {
          port: server.port,
          securePort: server.securePort,
          ldapiPath: server.ldapiPath,
          root: { dn: ROOT_DN, password: ROOT_PASSWORD },
          base,
        };
        const requests = said.map(({ request }) => withBase(request, base));
        const given = await DRIVERS[client](requests, target);
        assert.lengthOf(given, said.length);
        for (const [index, one] of said.entries()) answers.set(one, given[index] as Answer);
      });

      for (const one of CASES) {
        const title = `blackbox/clients: ${client}: ${one.title}`;
        const why = one.cannot?.[client];
        if (why !== undefined) test.skip(`${title} (${client} ${why})`);
        else if (isRehearsal && one.on389 !== undefined) test.skip(`${title} (389 ${one.on389})`);
        else
          test(title, () => {
            checkAnswer(answers.get(one) as Answer, withBase(one.expect, base));
          });
      }
    });
  }

  async function makeContainer(base: string): Promise<void> {
    const root = await server.connect();
    await root.add(base, {
      objectClass: "organizationalUnit",
      ou: base.slice(3, base.indexOf(",")),
      aci: RULES,
    });
    root.close();
  }
});
