// A server that is killed while clients write, again and again: on its own, as a supplier, and as a consumer. After each kill the
// database passes `concord verify` as it was left (update vector and changelog agree there too), the server starts without
// repair, and every answered write is there; what had no answer is there whole or not at all.
// CONCORD_CRASH_KILLS sets the number of kills of each kind, CONCORD_CRASH_SEED the moments.
import { assert } from "chai";
import { ConcordServer } from "../support/concord-server.ts";
import { LdapClient, LdapFailure } from "../support/ldap.ts";
import {
  type Node,
  connectSuppliers,
  enableReplica,
  openNode,
  waitForConvergence,
} from "../support/replication-setup.ts";
import { SeededRandom } from "../support/seeded-random.ts";

const SUFFIX = "dc=example,dc=com";
const KILLS = Number(process.env["CONCORD_CRASH_KILLS"] ?? 5);
const SEED = Number(process.env["CONCORD_CRASH_SEED"] ?? Date.now() % 2 ** 31);
const WRITERS = 6;
/** A server is killed after so many answers at most. */
const ANSWERS_MAX = 400;
/** Result code of a server that is being stopped. */
const UNAVAILABLE = 52;
const TIMEOUT_MS = 120_000 + KILLS * 30_000;

/** What an entry may look like: its title after the last answered write, and after the one without answer. undefined: gone. */
interface Expected {
  answered: string | undefined;
  pending: string | undefined;
  hasPending: boolean;
}

/** Writes through several connections and keeps book of the answers. */
class Bookkeeper {
  readonly entries = new Map<string, Expected>();
  answers = 0;
  #round = 0;

  /** Writes until `answersMax` writes have been answered, calls `onEnough` then, and goes on until the connections break. */
  async write(server: ConcordServer, answersMax: number, onEnough: () => void): Promise<void> {
    this.#round += 1;
    let left = answersMax;
    const onAnswer = (): void => {
      this.answers += 1;
      left -= 1;
      if (left === 0) onEnough();
    };
    await Promise.all(
      Array.from({ length: WRITERS }, (_, writer) => this.#writeAlone(server, writer, onAnswer)),
    );
  }

  async #writeAlone(server: ConcordServer, writer: number, onAnswer: () => void): Promise<void> {
    const client = await server.connect();
    try {
      for (let i = 0; ; i += 1) {
        const name = `w${this.#round}-${writer}-${i}`;
        const dn = `uid=${name},${SUFFIX}`;
        const attributes = { objectClass: "inetOrgPerson", uid: name, cn: name, sn: name };
        await this.#note(dn, "added", () => client.add(dn, { ...attributes, title: "added" }));
        onAnswer();
        await this.#note(dn, "changed", () => client.replace(dn, "title", "changed"));
        onAnswer();
        if (i % 3 > 0) continue;
        await this.#note(dn, undefined, () => client.delete(dn));
        onAnswer();
      }
    } catch (error) {
      // Any other answer is not the one that was due.
      if (error instanceof LdapFailure && error.result.code !== UNAVAILABLE) throw error;
    } finally {
      client.close();
    }
  }

  async #note(dn: string, title: string | undefined, send: () => Promise<unknown>): Promise<void> {
    const expected = this.entries.get(dn) ?? {
      answered: undefined,
      pending: undefined,
      hasPending: false,
    };
    this.entries.set(dn, expected);
    expected.pending = title;
    expected.hasPending = true;
    await send();
    expected.answered = title;
    expected.hasPending = false;
  }

  /** Compares with what the server has, and takes that for granted from now on. */
  async check(client: LdapClient): Promise<void> {
    const { entries } = await client.search(SUFFIX, { filter: "(uid=w*)", attributes: ["title"] });
    const found = new Map(entries.map((entry) => [entry.dn.toLowerCase(), entry.text("title")]));
    for (const [dn, expected] of this.entries) {
      const title = found.get(dn.toLowerCase());
      const allowed = expected.hasPending
        ? [expected.answered, expected.pending]
        : [expected.answered];
      assert.include(allowed, title, `${dn} after ${this.answers} answers`);
      expected.answered = title;
      expected.hasPending = false;
      found.delete(dn.toLowerCase());
    }
    assert.deepEqual([...found.keys()], [], "nothing is there that nobody wrote");
  }
}

async function killedWhileWriting(
  killed: ConcordServer,
  target: ConcordServer,
  book: Bookkeeper,
  answersMax: number,
): Promise<void> {
  let kill: Promise<void> | undefined;
  const writing = book.write(target, answersMax, () => {
    kill = killed.kill().then(() => (target === killed ? undefined : target.stop()));
  });
  await writing;
  await kill;
  assert.deepEqual(await killed.verify(), [], "the database is whole as it was left");
}

const options = { suffix: SUFFIX, suffixEntry: true };

suite(`crash/server-kill: ${KILLS} kills of each kind, seed ${SEED}`, function () {
  this.timeout(TIMEOUT_MS);
  const servers: ConcordServer[] = [];
  const random = new SeededRandom(SEED);

  teardown(async () => {
    await Promise.all(servers.splice(0).map((server) => server.remove()));
  });

  async function createServer(): Promise<ConcordServer> {
    const server = await ConcordServer.create(options);
    servers.push(server);
    return server;
  }

  async function createPair(): Promise<readonly [Node, Node]> {
    const [first, second] = [
      await openNode(await createServer()),
      await openNode(await createServer()),
    ];
    await enableReplica(first, "supplier", { replicaId: 1 });
    await enableReplica(second, "supplier", { replicaId: 2 });
    await connectSuppliers(first, second);
    first.client.close();
    second.client.close();
    return [first, second];
  }

  test("crash/server-kill: a server on its own loses no answered write", async () => {
    const server = await createServer();
    const book = new Bookkeeper();
    for (let kill = 0; kill < KILLS; kill += 1) {
      await killedWhileWriting(server, server, book, 1 + random.below(ANSWERS_MAX));
      await server.start();
      const client = await server.connect();
      await book.check(client);
      client.close();
    }
  });

  for (const role of ["supplier", "consumer"] as const) {
    test(`crash/server-kill: a ${role} loses no answered write, and its partner gets all`, async () => {
      const [first, second] = await createPair();
      const [target, other] = [first.server as ConcordServer, second.server as ConcordServer];
      const killed = role === "supplier" ? target : other;
      const book = new Bookkeeper();
      for (let kill = 0; kill < KILLS; kill += 1) {
        await killedWhileWriting(killed, target, book, 1 + random.below(ANSWERS_MAX));
        if (target !== killed) await target.start();
        await killed.start();
        const nodes = [await openNode(target), await openNode(other)];
        await waitForConvergence(nodes);
        for (const { client } of nodes) await book.check(client);
        for (const { client } of nodes) client.close();
      }
    });
  }
});
