import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, lstatSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { writeLargeFile } from "../../../src/server/index.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

const PIECE_BYTES = 1024 * 1024;

suite("server/large-file", () => {
  const path = (): string => join(makeTemporaryFolder(), "large.ldif");

  test("server/large-file: all pieces are there in order, beyond several early flushes, and nothing lies beside them", () => {
    const file = path();
    const piece = Buffer.alloc(PIECE_BYTES);
    writeLargeFile(file, (append) => {
      for (let i = 0; i < 40; i += 1) append(piece.fill(i));
    });
    const bytes = readFileSync(file);
    assert.equal(bytes.length, 40 * PIECE_BYTES);
    for (let i = 0; i < 40; i += 1) {
      assert.isTrue(bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES).equals(piece.fill(i)));
    }
    assert.isFalse(existsSync(`${file}.part`));
  });

  test("server/large-file: a failure on the way leaves the former file, and nothing beside it", () => {
    const file = path();
    writeFileSync(file, "former");
    assert.throws(() => {
      writeLargeFile(file, (append) => {
        for (let i = 0; i < 20; i += 1) append(Buffer.alloc(PIECE_BYTES));
        throw new Error("the source is gone");
      });
    }, "the source is gone");
    assert.equal(readFileSync(file, "utf8"), "former");
    assert.isFalse(existsSync(`${file}.part`));
  });

  test("server/large-file: what a link leads to is replaced, and the link stays", () => {
    const file = path();
    const link = path();
    writeFileSync(file, "former");
    symlinkSync(file, link);
    writeLargeFile(link, (append) => append(Buffer.from("new")));
    assert.isTrue(lstatSync(link).isSymbolicLink());
    assert.equal(readFileSync(file, "utf8"), "new");
  });

  test("server/large-file: a pipe is written to and stays one", async () => {
    const pipe = path();
    execFileSync("mkfifo", [pipe]);
    const reader = spawn("cat", [pipe], { stdio: ["ignore", "pipe", "inherit"] });
    const pieces: Buffer[] = [];
    reader.stdout.on("data", (piece: Buffer) => pieces.push(piece));
    const ended = once(reader, "close");
    writeLargeFile(pipe, (append) => {
      append(Buffer.from("one "));
      append(Buffer.from("two"));
    });
    await ended;
    assert.equal(Buffer.concat(pieces).toString(), "one two");
    assert.isTrue(lstatSync(pipe).isFIFO());
  });

  test("server/large-file: a folder that is missing is told", () => {
    assert.throws(() => {
      writeLargeFile(join(path(), "missing", "file"), (append) => {
        append(Buffer.from("text"));
      });
    }, /ENOENT/u);
  });
});
