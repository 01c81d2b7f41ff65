// The walk through all entries of a suffix that changes meanwhile. Method: a tree of names, changed between two entries.
import { assert } from "chai";
import type { EntryId } from "../../../src/entry/index.ts";
import { type WalkedEntries, walkEntries } from "../../../src/store/entry-walk.ts";

const ids = (...numbers: number[]): EntryId[] => numbers as EntryId[];
const [SUFFIX, A, B, C, D] = ids(1, 2, 3, 4, 5) as [EntryId, EntryId, EntryId, EntryId, EntryId];

class Tree implements WalkedEntries<EntryId> {
  readonly parents: Map<EntryId, EntryId>;
  readonly taken = new Set([SUFFIX]);
  /** Whose children were asked for. */
  readonly asked: EntryId[] = [];

  constructor(parents: readonly (readonly [EntryId, EntryId])[]) {
    this.parents = new Map(parents);
  }

  /** Whether each came after the entry that was its parent then. */
  walk(between: (entry: EntryId) => void = () => {}): EntryId[] {
    const found: EntryId[] = [];
    for (const entry of walkEntries(this, SUFFIX)) {
      const parent = this.parents.get(entry);
      assert.isTrue(parent === SUFFIX || found.includes(parent ?? entry), `the parent of ${entry}`);
      found.push(entry);
      between(entry);
    }
    return found;
  }

  isTaken(id: EntryId): boolean {
    return this.taken.has(id);
  }
  take(id: EntryId): EntryId | undefined {
    this.taken.add(id);
    return this.parents.has(id) ? id : undefined;
  }
  parentId(id: EntryId): EntryId | undefined {
    return this.parents.get(id);
  }
  hasChildren(id: EntryId): boolean {
    return [...this.parents.values()].includes(id);
  }
  children(id: EntryId): readonly EntryId[] {
    this.asked.push(id);
    return [...this.parents].flatMap(([child, parent]) => (parent === id ? [child] : []));
  }
  *all(): Iterable<readonly EntryId[]> {
    yield [...this.parents.keys()];
  }
}

suite("store/entry-walk", () => {
  const TREE = [
    [A, SUFFIX],
    [B, SUFFIX],
    [C, A],
    [D, B],
  ] as const;

  test("store/entry-walk: parents come before their children, everybody once", () => {
    assert.deepEqual(new Tree(TREE).walk(), [A, B, C, D]);
  });

  test("store/entry-walk: leaves are not asked for children", () => {
    const tree = new Tree(TREE);
    tree.walk();
    assert.deepEqual(tree.asked, [SUFFIX, A, B]);
  });

  test("store/entry-walk: an entry that moves to a part that has been visited is not missed", () => {
    const tree = new Tree(TREE);
    const found = tree.walk((entry) => {
      if (entry === C) tree.parents.set(D, C);
    });
    assert.sameMembers(found, [A, B, C, D]);
  });

  test("store/entry-walk: an entry that moves below one that has not been visited comes after that", () => {
    const tree = new Tree(TREE);
    const found = tree.walk((entry) => {
      if (entry !== A) return;
      tree.parents.set(B, D);
      tree.parents.set(D, C);
    });
    assert.deepEqual(found, [A, C, D, B]);
  });

  test("store/entry-walk: an entry that moves while those above it go out comes after its new parent", () => {
    const tree = new Tree([
      [A, SUFFIX],
      [B, C],
      [C, D],
      [D, A],
    ]);
    tree.children = (id) => (id === SUFFIX ? [B] : []); // deepest first
    const found = tree.walk((entry) => {
      if (entry !== A) return;
      tree.parents.set(D, SUFFIX);
      tree.parents.set(B, D);
      tree.parents.set(C, B);
    });
    assert.deepEqual(found, [A, D, B, C]);
  });

  test("store/entry-walk: an entry that goes meanwhile, and one that comes", () => {
    const tree = new Tree(TREE);
    const found = tree.walk((entry) => {
      if (entry !== B) return;
      tree.parents.delete(C);
      tree.parents.set(6 as EntryId, D);
    });
    assert.deepEqual(found, ids(A, B, D, 6));
  });
});
