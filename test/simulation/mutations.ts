// Deliberate faults of the replication core, planted one at a time into compiled files: the simulation must notice each
// (`npm run sim:mutations`). `from` stands once in the file.

export interface Mutation {
  readonly name: string;
  /** Below src/, compiled. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Where to begin, for a fault that few seeds notice; 1 unless given. */
  readonly seed?: number;
}

export const MUTATIONS: readonly Mutation[] = [
  {
    name: "changes are answered and counted before their commit is on disk",
    file: "kv/write-queue.js",
    from: "queueMicrotask(() => this.#advance());",
    to: "queueMicrotask(() => { this.#settle(batch.splice(0)); this.#advance(); });",
  },
  {
    name: "the deletion of a value is lost",
    file: "replication/registers/attribute-state.js",
    from: "vd: maxCsn(old?.vd, csn),",
    to: "vd: old?.vd,",
  },
  {
    name: "the deletion of all values is lost",
    file: "replication/registers/attribute-state.js",
    from: "this.#ad = maxCsn(this.#ad, csn);",
    to: "",
  },
  {
    name: "the last add to arrive wins, not the newest",
    file: "replication/registers/attribute-state.js",
    from: "vu: maxCsn(old?.vu, csn),",
    to: "vu: csn,",
  },
  {
    name: "a change that is there is applied again",
    file: "replication/consumer/replica-consumer.js",
    from: "if (this.port.isCleaned(csn) || coversCsn(ruv, csn))",
    to: "if (this.port.isCleaned(csn))",
  },
  {
    name: "a rename loop is allowed",
    file: "replication/urp/executor.js",
    from: "return this.#places.isWithin(superior, uniqueId) ? undefined : superior;",
    to: "return superior;",
  },
  {
    name: "what read an old name is not executed again",
    file: "replication/urp/replay.js",
    from: "#scheduleReaders(key, csn, upTo) {",
    to: "#scheduleReaders(key, csn, upTo) { if (csn !== '') return;",
  },
  {
    name: "a late operation overwrites what came after it",
    file: "replication/urp/replay.js",
    from: "if (next === undefined || nextChange === undefined)",
    to: "if (true)",
  },
  {
    name: "the loser of a name gets it too",
    file: "replication/urp/executor.js",
    from: "this.#state.putNode(uniqueId, { ...node, conflict: true });",
    to: "this.#state.putNode(uniqueId, { ...node, conflict: false });",
  },
  {
    name: "what an operation changes at other entries is not shown",
    file: "store/backend-txn.js",
    from: "reshown.add(uniqueId);",
    to: "",
  },
  {
    name: "an update vector is off by one",
    file: "replication/ruv/ruv.js",
    from: "return max !== undefined && csn <= max;",
    to: "return max !== undefined && csn < max;",
  },
  {
    name: "changes of others are not logged",
    file: "store/backend.js",
    from: "if (this.keepsChangelog) {",
    to: "if (this.keepsChangelog && parseInt(change.csn.slice(12, 16), 16) === generator?.replicaId) {",
  },
  {
    name: "trimming removes one more than it may",
    file: "replication/changelog/trim.js",
    from: 'if (verdict === "keep")\n            continue;',
    to: 'if (verdict === "keep" && victims.length !== 1)\n            continue;',
  },
  {
    name: "trimming does not move the floor and forgets what consumers need",
    file: "replication/changelog/trim.js",
    from: "floor.set(csnReplicaId(csn), csn);",
    to: "",
  },
  {
    name: "the purge does not wait for partners",
    file: "replication/urp/purge-csn.js",
    from: "Math.min(latest, acknowledgedSeconds(input))",
    to: "Math.min(latest, Infinity)",
  },
  {
    name: "a local change is numbered below what has been seen",
    file: "store/backend.js",
    from: "above: this.#newestSeen(ruv)",
    to: "above: undefined",
  },
  {
    name: "a connection that is gone keeps the replica",
    file: "replication/consumer/replica-consumer.js",
    from: "    closed(connectionId) {",
    to: "    closed(connectionId) { if (this.staging === undefined) return;",
  },
  {
    name: "agreements do not hear of changes",
    file: "replication/agreement/agreement.js",
    from: 'const isWoken = event.type === "changesAvailable" || event.type === "replicateNow";',
    to: 'const isWoken = event.type === "replicateNow";',
  },
  {
    name: "waits are measured with the clock on the wall",
    file: "replication/thread/local-moment.js",
    from: "now: timers.elapsedMs(),",
    to: "now: wall,",
  },
  {
    name: "a change of which something is kept back is kept back whole",
    file: "replication/supplier/fractional.js",
    from: "const mods = change.mods.filter(isSent);",
    to: "const mods = change.mods.every(isSent) ? change.mods : [];",
  },
  {
    name: "after a restore changes are taken at once",
    file: "server/replica-gate.js",
    from: 'return this.#state.name === "open";',
    to: "return true;",
  },
  {
    name: "the keep-alive entry is written at every tick",
    file: "replication/agreement/keep-alive.js",
    from: "if (now < timer.dueAt || !isGateOpen)",
    to: "if (!isGateOpen)",
  },
  {
    name: "deleted entries are not part of an initialization",
    file: "store/state-source.js",
    from: "this.#sent.set(id, markOf(node));",
    to: "this.#sent.set(id, markOf(node)); if ((node?.[0] ?? 0) % 4 === 1) return undefined;",
  },
  {
    name: "what renames did to values is not part of an initialization",
    file: "store/bulk-structure.js",
    from: "const node = bytes && readNode(bytes);",
    to: "const read = bytes && readNode(bytes); const node = read && { ...read, effects: [] };",
  },
  {
    name: "a reader of the changelog counts what it has not given out",
    file: "replication/changelog/change-reader.js",
    from: "if (isFull(gathered)) {",
    to: "if (isFull(gathered)) { pass.lacking(key)?.moveTo(key, 0);",
  },
  {
    name: "a change that arrives late is not counted in its window",
    file: "replication/changelog/windows.js",
    from: "else if (number >= state.readUInt32BE(0)) {",
    to: "else if (number < 0) {",
  },
  {
    name: "a window is passed over although something of it is sent",
    file: "replication/changelog/read-pass.js",
    from: "if (!isSectionCovered(row, at, filter))",
    to: "if (row.length === 0)",
  },
  {
    name: "a server that has had no change of an ID counts as cleaned",
    file: "server/clean-requests.js",
    from: "return answer(isClean ? CLEAN_RUV_NO_MAX_CSN : CSN_ZERO);",
    to: "return answer(CLEAN_RUV_NO_MAX_CSN);",
    seed: 65343,
  },
  {
    name: "a cleaning does not wait until all have the last changes",
    file: "replication/clean-ruv/clean-task.js",
    from: "return (!this.isBehind(ownCsn) && everyPeer(this.state.peers, (peer) => !this.isPeerBehind(peer)));",
    to: "return true;",
  },
  {
    name: "changes of a cleaned ID are taken again",
    file: "replication/clean-ruv/cleaned-ids.js",
    from: "return id !== undefined && (id.isCleaning || csn <= id.floorCsn);",
    to: "return false;",
  },
  {
    name: "whoever was away is not told of a cleaning",
    file: "server/clean-tasks.js",
    from: "if (this.#isReminderDue(agreement, id.replicaId))",
    to: "if (false)",
  },
  {
    name: "whoever brings a change is taken for the consumer of every agreement",
    file: "server/agreement.js",
    from: "this.#kinId !== supplierId",
    to: "this.#kinId === undefined",
  },
];
