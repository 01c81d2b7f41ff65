// What the kill tests have in common: writers run against a server, which is killed with SIGKILL after a random number of
// answers; the store it leaves must satisfy `concord verify`, and after the restart all that was answered must be there.
import { assert } from "chai";
import { join } from "node:path";
import type { ConcordServer } from "../support/concord-server.ts";
import { readContent } from "../support/entry-state.ts";
import { RecordingWriter } from "../support/recording-writer.ts";
import { readRuv, replicaDn } from "../support/replication-setup.ts";
import type { Node } from "../support/replication-setup.ts";
import { SeededRandom, seedFrom } from "../support/seeded-random.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { pause } from "../support/wait-for.ts";

export const SUFFIX = "dc=example,dc=com";
export const WRITER_BASE = `ou=written,${SUFFIX}`;
export const CRASH_TIMEOUT_MS = 3_600_000;
const ANSWERS_MAX = 400;
const EXTRA_MS_MAX = 12;

/** How often a server is killed: few times among all tests, 50 times by `npm run crash`, else `-- --kills N`. */
export const KILL_COUNT = Number(process.env["CONCORD_CRASH_KILLS"] ?? 5);

/** The seed of a suite, printed with the line that repeats it. */
export function suiteRandom(title: string): SeededRandom {
  const random = new SeededRandom(seedFrom("CONCORD_SEED"));
  const repeat = `npm run crash -- --kills ${KILL_COUNT} --seed ${random.seed} ${title}`;
  console.log(`seed ${random.seed}; repeat: ${repeat}`);
  return random;
}

export async function createWriter(node: Node, random: SeededRandom): Promise<RecordingWriter> {
  await node.client.add(WRITER_BASE, { objectClass: "organizationalUnit", ou: "written" });
  return new RecordingWriter({
    base: WRITER_BASE,
    random,
    journalPath: join(makeTemporaryFolder(), "journal"),
  });
}

/**
 * Lets the writer run against `target`, kills `victim` after some answers, and ends the writing: the two may be different
 * servers.
 */
export async function killWhileWriting(cycle: {
  readonly target: Node;
  readonly victim: ConcordServer;
  readonly writer: RecordingWriter;
  readonly random: SeededRandom;
}): Promise<void> {
  const { target, victim, writer, random } = cycle;
  let answersLeft = random.below(ANSWERS_MAX);
  const extraMs = random.below(EXTRA_MS_MAX);
  const connection = await target.server.connect();
  let killing: Promise<void> | undefined;
  const kill = async (): Promise<void> => {
    await pause(extraMs);
    await victim.kill();
    connection.close();
  };
  if (answersLeft === 0) killing = kill();
  await writer.run(connection, () => {
    answersLeft -= 1;
    if (answersLeft <= 0) killing ??= kill();
  });
  await killing;
}

/** The store of a stopped server is whole. */
export async function assertVerified(server: ConcordServer): Promise<void> {
  assert.deepEqual(await server.verify(), [], `concord verify of ${server.name}`);
}

export async function assertNothingMissing(writer: RecordingWriter, node: Node): Promise<void> {
  assert.deepEqual(await writer.check(node.client), [], `what ${node.server.name} holds`);
}

/**
 * RUV, changelog and entries tell the same: the newest CSN of each replica id in the RUV is the newest that any entry or
 * tombstone bears, and no entry bears one that the RUV does not cover.
 */
export async function assertRuvFitsEntries(node: Node): Promise<void> {
  const newest = new Map<number, string>();
  const content = await readContent(node.client, SUFFIX);
  for (const entry of content.values()) {
    for (const { values, ad } of entry.attributes.values()) {
      for (const csn of [ad, ...values.flatMap(({ vu, vd, md }) => [vu, vd, md])]) {
        if (csn === undefined) continue;
        const replicaId = Number.parseInt(csn.slice(12, 16), 16);
        const operation = csn.slice(0, 16);
        if (operation > (newest.get(replicaId) ?? "")) newest.set(replicaId, operation);
      }
    }
  }
  const { elements } = await readRuv(node);
  for (const [replicaId, csn] of newest) {
    const max = elements.get(replicaId)?.max?.slice(0, 16);
    assert.strictEqual(max, csn, `replica ${replicaId} on ${node.server.name}`);
  }
}

/** The number of changes that the changelog holds. */
export async function readChangeCount(node: Node): Promise<number> {
  const entry = await node.client.find(replicaDn(SUFFIX), ["nsds5ReplicaChangeCount"]);
  return Number(entry?.text("nsds5ReplicaChangeCount"));
}
