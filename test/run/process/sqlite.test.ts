/** The file that runs are kept in: for this user and this process alone, and forgetting what it is told to. */
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { ServiceError } from "../../../src/errors.ts";
import { openSqlite } from "../../../src/run/process/sqlite.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";

const SECRET = "canary-credential-0123456789";
let folder: TemporaryFolder;
let data: string;

beforeEach(async () => {
  folder = await temporaryFolder();
  data = join(folder.path, "deep", "data");
  return () => folder[Symbol.asyncDispose]();
});

function opened() {
  const sql = openSqlite(data);
  return Object.assign(sql, { [Symbol.dispose]: () => sql.close() });
}

/** The bytes of every file in the folder. */
function bytes(): string {
  return readdirSync(data)
    .map((name) => readFileSync(join(data, name), "latin1"))
    .join("\n");
}

test("the folder is made, and nobody else may look into it", () => {
  using sql = opened();
  sql.rows("CREATE TABLE t (x)");
  const modes = [".", ...readdirSync(data)].map((name) => [name, statSync(join(data, name)).mode & 0o777]);
  expect(Object.fromEntries(modes)).toEqual({ ".": 0o700, "runs.sqlite": 0o600, "runs.sqlite-wal": 0o600 });
});

test("values of every kind come back as they were, also from another process's file", () => {
  const values = ["text é😀", 2 ** 52, -1.5, null, new Uint8Array([0, 255]), new Uint8Array()];
  {
    using sql = opened();
    sql.rows("CREATE TABLE t (a, b, c, d, e, f)");
    sql.rows("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?)", ...values);
  }
  using again = opened();
  expect(Object.values(again.rows("SELECT * FROM t")[0] ?? {})).toEqual(values);
});

test("a transaction that throws leaves nothing, and the next one works", () => {
  using sql = opened();
  sql.rows("CREATE TABLE t (x INTEGER PRIMARY KEY)");
  expect(() =>
    sql.transaction(() => {
      sql.rows("INSERT INTO t VALUES (1)");
      throw new Error("no");
    }),
  ).toThrow("no");
  expect(() =>
    sql.transaction(() => {
      sql.rows("INSERT INTO t VALUES (2)");
      sql.rows("INSERT INTO t VALUES (2)");
    }),
  ).toThrow("UNIQUE");
  expect(sql.transaction(() => sql.rows("INSERT INTO t VALUES (3) RETURNING x"))).toEqual([{ x: 3 }]);
  expect(sql.rows("SELECT x FROM t")).toEqual([{ x: 3 }]);
});

test.each([
  ["deleted", "DELETE FROM t WHERE id = 1"],
  ["written over", "UPDATE t SET secret = '{}' WHERE id = 1"],
])("what was %s is in none of the file's bytes once it is scrubbed", (_, statement) => {
  using sql = opened();
  sql.rows("CREATE TABLE t (id INTEGER PRIMARY KEY, secret TEXT)");
  sql.rows("INSERT INTO t VALUES (1, ?), (2, 'stays')", SECRET);
  expect(bytes()).toContain(SECRET);
  sql.rows(statement);
  sql.scrub();
  expect(bytes()).not.toContain(SECRET);
  expect(bytes()).toContain("stays");
  sql.rows("INSERT INTO t VALUES (3, ?)", SECRET);
  sql.scrub();
  expect(bytes()).toContain(SECRET);
});

test("a second opener is told whose the folder is, until the first has closed it", () => {
  const sql = opened();
  expect(() => openSqlite(data)).toThrow(
    expect.objectContaining({ code: "internal", message: expect.stringContaining("is in use by another") }),
  );
  sql.rows("CREATE TABLE t (x)");
  sql.close();
  expect(existsSync(join(data, "runs.sqlite-wal"))).toBe(false);
  using next = opened();
  expect(next.rows("SELECT * FROM t")).toEqual([]);
});

const header = () => readFileSync(join(data, "runs.sqlite")).subarray(0, 100);

test.each([
  ["a file", () => writeFileSync(data, ""), /^EEXIST: file already exists, mkdir '.*data'$/],
  [
    "inside a file",
    () => {
      writeFileSync(data, "");
      data = join(data, "deeper");
    },
    /^ENOTDIR: not a directory, mkdir '.*deeper'$/,
  ],
  [
    "a folder whose runs.sqlite is a folder",
    () => mkdirSync(join(data, "runs.sqlite"), { recursive: true }),
    /^unable to open database file$/,
  ],
  [
    "a folder whose runs.sqlite is no database",
    () => {
      opened().close();
      writeFileSync(join(data, "runs.sqlite"), "not a database, but long enough to have a header".repeat(10));
    },
    /^file is not a database$/,
  ],
  [
    "a folder whose runs.sqlite is broken",
    () => {
      opened().close();
      writeFileSync(join(data, "runs.sqlite"), Buffer.concat([header(), Buffer.alloc(8_092, 7)]));
    },
    /^database disk image is malformed$/,
  ],
])("a DATA_DIR that is %s is refused with what is wrong and what to set", (_, make, reason) => {
  mkdirSync(dirname(data), { recursive: true });
  make();
  const refused = thrownBy(() => openSqlite(data));
  const [before, why = "", after] =
    /^(.*runs\.sqlite": )(.*)(\. Set .*)$/.exec(refused.message)?.slice(1) ?? [];
  expect([refused.code, before, after]).toEqual([
    "internal",
    `Runs cannot be kept in ${JSON.stringify(join(data, "runs.sqlite"))}: `,
    ". Set DATA_DIR to a folder that this user may write to, without a broken runs.sqlite in it.",
  ]);
  expect(why).toMatch(reason);
});

function thrownBy(work: () => unknown): ServiceError {
  try {
    work();
  } catch (error) {
    if (error instanceof ServiceError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
