// A trace of what happens on the way of an operation through the rooms, recorded from outside: methods of the objects that rooms
// hand to each other are wrapped, product code does not know of it. One line a step, `room  what`, indented by nesting.
//
// What comes right after another line of the same kind is told in one line with a count, so that a trace stays readable.
import { assert } from "chai";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dataPath } from "./trace-file.ts";

const SIDE_COLUMNS = 10;
const ROOM_COLUMNS = 23;

export interface WalkLine {
  /** Of several servers; "" when there is one. */
  readonly side: string;
  readonly depth: number;
  readonly room: string;
  readonly text: string;
  /** A message to or from the other side, by its number; see `mergeWalks`. */
  readonly message?: { readonly kind: "sent" | "received"; readonly number: number };
}

type Method = (...args: never[]) => unknown;

export class WalkTrace {
  readonly lines: WalkLine[] = [];
  isOn = false;
  readonly #side: string;
  #depth = 0;
  #quiet = 0;

  constructor(side = "") {
    this.#side = side;
  }

  note(room: string, text: string, message?: WalkLine["message"]): void {
    if (!this.isOn || this.#quiet > 0) return;
    this.lines.push({
      side: this.#side,
      depth: this.#depth,
      room,
      text,
      ...(message === undefined ? {} : { message }),
    });
  }

  /** Runs `run` with its lines indented below this one. */
  within<T>(room: string, text: string, run: () => T): T {
    this.note(room, text);
    this.#depth += 1;
    try {
      return run();
    } finally {
      this.#depth -= 1;
    }
  }

  /** Runs `run` without notes: what it calls is its own affair. */
  quietly<T>(run: () => T): T {
    this.#quiet += 1;
    try {
      return run();
    } finally {
      this.#quiet -= 1;
    }
  }

  /** Makes `object` call `wrapper` in the place of its method; `call` runs the method itself. */
  wrap<T extends object, K extends keyof T & string>(
    object: T,
    name: K,
    wrapper: (call: () => unknown, args: Parameters<Extract<T[K], Method>>) => unknown,
  ): void {
    const original = object[name] as unknown as (...args: unknown[]) => unknown;
    const replacement = (...args: unknown[]): unknown =>
      wrapper(
        () => original.apply(object, args),
        args as unknown as Parameters<Extract<T[K], Method>>,
      );
    Object.defineProperty(object, name, { value: replacement, configurable: true });
  }
}

function formatWalk(lines: readonly WalkLine[]): string[] {
  const formatted: { text: string; count: number }[] = [];
  for (const { side, depth, room, text } of lines) {
    const where = side === "" ? "" : side.padEnd(SIDE_COLUMNS);
    const line = `${where}${room.padEnd(ROOM_COLUMNS)}${"  ".repeat(depth)}${text}`;
    const last = formatted.at(-1);
    if (last?.text === line) last.count += 1;
    else formatted.push({ text: line, count: 1 });
  }
  return formatted.map(({ text, count }) => (count === 1 ? text : `${text} (${count} times)`));
}

/** Two walks as one, in an order that messages between them allow and that is always the same: the first goes on until it
 *  receives what the second has not sent yet, and the other way round. */
export function mergeWalks(first: readonly WalkLine[], second: readonly WalkLine[]): WalkLine[] {
  const sides = [
    { lines: first, at: 0, sent: new Set<number>() },
    { lines: second, at: 0, sent: new Set<number>() },
  ];
  const merged: WalkLine[] = [];
  for (let turn = 0, stuck = 0; stuck < 2; turn = 1 - turn) {
    const side = sides[turn];
    const other = sides[1 - turn];
    assert(side !== undefined && other !== undefined, "there are two sides");
    const before = side.at;
    for (let line = side.lines[side.at]; line !== undefined; line = side.lines[side.at]) {
      const { message } = line;
      if (message?.kind === "received" && !other.sent.has(message.number)) break;
      if (message?.kind === "sent") side.sent.add(message.number);
      merged.push(line);
      side.at += 1;
    }
    stuck = side.at === before ? stuck + 1 : 0;
  }
  assert.equal(merged.length, first.length + second.length, "every message received was sent");
  return merged;
}

/** Compares with the file below test/data/operation; UPDATE=1 rewrites it: review the difference. */
export function checkWalk(name: string, title: string, lines: readonly WalkLine[]): void {
  const path = dataPath(`operation/${name}.txt`);
  const text = `# ${title}\n${formatWalk(lines).join("\n")}\n`;
  if (process.env["UPDATE"] === "1") writeFileSync(path, text);
  const expected = existsSync(path) ? readFileSync(path, "utf8") : "";
  assert.deepEqual(text.split("\n"), expected.split("\n"));
}
