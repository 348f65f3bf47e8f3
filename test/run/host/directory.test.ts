/** The directory of all runs: who may start one, which key stands for which, and what its caller is shown. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readCursor } from "../../../src/run/host/cursor.ts";
import {
  type Admission,
  type Admitted,
  createDirectory,
  type Directory,
} from "../../../src/run/host/directory.ts";
import { openSqlite, type SqliteFile } from "../../../src/run/process/sqlite.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";

const LIMITS = { maxRuns: 5, maxRunsPerCaller: 3, retentionMs: 1000 };
const DAY_MS = 24 * 3_600_000;

let folder: TemporaryFolder;
let sql: SqliteFile;
let directory: Directory;
let clock: number;
let ids: number;

beforeEach(async () => {
  folder = await temporaryFolder();
  sql = openSqlite(folder.path);
  clock = Date.UTC(2026, 10, 1);
  ids = 0;
  directory = open();
});
afterEach(async () => {
  sql.close();
  await folder[Symbol.asyncDispose]();
});

/** The directory as the next process opens it. */
function open(): Directory {
  return createDirectory(sql, LIMITS, () => clock, newId);
}

const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

function newId(): string {
  ids += 1;
  return idOf(ids);
}

function admit(more: Partial<Admission> = {}): Admitted {
  return directory.admit({ caller: "ann", repository: "o/r", prompt: "Do it", revision: 0, ...more });
}

const created = (n: number) => ({ kind: "admitted", id: idOf(n), created: true }) as const;
const again = (n: number) => ({ kind: "admitted", id: idOf(n), created: false }) as const;
const key = (name: string, fingerprint = "f") => ({ idempotency: { key: name, fingerprint } });

function end(n: number, prUrl: string | null = null): void {
  directory.ended({ id: idOf(n), status: "succeeded", finishedAt: clock, prUrl });
}

describe("keys", () => {
  test.each([
    ["the same key and request", { ...key("k") }, again(1)],
    ["the same key with another request", { ...key("k", "g") }, { kind: "key_reused" }],
    ["another key", { ...key("l") }, created(2)],
    ["no key", {}, created(2)],
    ["another caller's key of the same name", { ...key("k"), caller: "bob" }, created(2)],
    ["another caller's key with another request", { ...key("k", "g"), caller: "bob" }, created(2)],
  ])("after a first run with a key, %s", (_, admission, expected) => {
    expect(admit(key("k"))).toEqual(created(1));
    directory = open();
    expect(admit(admission)).toEqual(expected);
  });

  test("a key stands for its run, also when no more may be started, until the run is forgotten", () => {
    admit(key("k"));
    admit();
    admit();
    expect(admit()).toMatchObject({ kind: "full" });
    expect(admit(key("k"))).toEqual(again(1));
    expect(directory.known("ann", key("k").idempotency)).toEqual(again(1));
    expect(directory.known("ann", key("k", "g").idempotency)).toEqual({ kind: "key_reused" });
    expect(directory.known("bob", key("k").idempotency)).toBeUndefined();
    end(1);
    clock += LIMITS.retentionMs - 1;
    expect(admit(key("k"))).toEqual(again(1));
    clock += 1;
    expect(admit(key("k"))).toEqual(created(4));
  });

  test("a key is free once its run has expired, however many expired with it", () => {
    for (let n = 1; n <= 250; n += 1) {
      admit({ ...key(`k${n}`), caller: `caller ${n}` });
      end(n);
    }
    clock += LIMITS.retentionMs;
    expect(directory.known("caller 250", { key: "k250", fingerprint: "f" })).toBeUndefined();
    expect(admit({ ...key("k250", "g"), caller: "caller 250" })).toEqual(created(251));
  });

  test("what was forgotten never was", () => {
    admit(key("k"));
    directory.forget(idOf(1));
    expect(directory.list("ann", 10, undefined).runs).toEqual([]);
    expect(admit(key("k", "g"))).toEqual(created(2));
  });
});

describe("limits", () => {
  const full = (scope: string, most: number) => ({ kind: "full", scope, most });

  test("one caller has so many runs at once, and everybody together", () => {
    for (let n = 1; n <= 3; n += 1) expect(admit()).toEqual(created(n));
    expect(admit()).toEqual(full("caller", 3));
    expect(admit({ caller: "bob" })).toEqual(created(4));
    expect(admit({ caller: "bob" })).toEqual(created(5));
    expect(admit({ caller: "bob" })).toEqual(full("service", 5));
    expect(admit({ caller: "carol" })).toEqual(full("service", 5));
    end(1);
    expect(admit({ caller: "carol" })).toEqual(created(6));
    expect(admit({ caller: "carol" })).toEqual(full("service", 5));
    end(2);
    expect(admit()).toEqual(created(7));
  });

  test("what is configured comes before the limits of the deployment, and news of it with the next admission", () => {
    const configured = directory.configure({ max_runs: 2, max_runs_per_caller: 1 });
    expect(configured).toEqual({ revision: 1, config: { max_runs: 2, max_runs_per_caller: 1 } });
    expect(admit()).toEqual({ ...created(1), configured });
    expect(admit({ revision: 1 })).toEqual(full("caller", 1));
    expect(admit({ revision: 1, caller: "bob" })).toEqual(created(2));
    expect(admit({ revision: 1, caller: "carol" })).toEqual(full("service", 2));
    expect(directory.configure({ max_runs: null, max_runs_per_caller: null })).toEqual({
      revision: 2,
      config: {},
    });
    directory = open();
    expect(directory.configured()).toEqual({ revision: 2, config: {} });
    expect(admit({ revision: 2 })).toEqual(created(3));
  });

  test("a run whose end was never told stops counting after a day, and not before", () => {
    for (let n = 1; n <= 3; n += 1) {
      admit();
      directory.started(idOf(n));
    }
    clock += DAY_MS - 1;
    expect(admit()).toEqual(full("caller", 3));
    expect(directory.list("ann", 10, undefined).runs).toHaveLength(3);
    clock += 1;
    expect(admit()).toEqual(created(4));
    expect(directory.list("ann", 10, undefined).runs.map(({ id }) => id)).toEqual([idOf(4)]);
  });

  test("a run that was admitted and never started counts for 15 seconds, and is listed no longer", () => {
    for (let n = 1; n <= 3; n += 1) admit();
    directory.started(idOf(2));
    clock += 14_999;
    expect(admit()).toEqual(full("caller", 3));
    clock += 1;
    expect(directory.list("ann", 10, undefined).runs.map(({ id }) => id)).toEqual([idOf(2)]);
    expect([admit(), admit(), admit()]).toEqual([created(4), created(5), full("caller", 3)]);
    // Its post is repeated after all, and the run starts.
    directory.started(idOf(1));
    expect(directory.list("ann", 10, undefined).runs).toHaveLength(4);
  });

  test("one run at a time adds to a branch, whoever started it; others are not held up", () => {
    expect(admit({ branch: "o/r:topic" })).toEqual(created(1));
    expect(admit({ branch: "o/r:topic", caller: "bob" })).toEqual({ kind: "branch_busy" });
    expect(admit({ branch: "o/r:other" })).toEqual(created(2));
    expect(admit()).toEqual(created(3));
    end(1);
    expect(admit({ branch: "o/r:topic" })).toEqual(created(4));
  });
});

describe("the list", () => {
  test("shows a caller's own runs as they are", () => {
    admit({ prompt: "First" });
    admit({ caller: "bob" });
    clock += 500;
    end(1, "https://github.com/o/r/pull/1");
    expect(directory.list("ann", 10, undefined)).toEqual({
      runs: [
        {
          id: idOf(1),
          status: "succeeded",
          repository: "o/r",
          prompt: "First",
          created_at: "2026-11-01T00:00:00.000Z",
          finished_at: "2026-11-01T00:00:00.500Z",
          pr_url: "https://github.com/o/r/pull/1",
        },
      ],
      next_cursor: null,
    });
    expect(directory.list("bob", 10, undefined).runs).toMatchObject([{ id: idOf(2), status: "running" }]);
    expect(directory.list("carol", 10, undefined)).toEqual({ runs: [], next_cursor: null });
  });

  test("is paged from the newest, each run once, though some began in the same millisecond", () => {
    for (let n = 1; n <= 7; n += 1) {
      admit();
      end(n);
      if (n % 3 === 0) clock += 1;
    }
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const page = directory.list("ann", 2, cursor === null ? undefined : readCursor(cursor));
      pages.push(page.runs.map(({ id }) => id));
      cursor = page.next_cursor;
      // A run that starts meanwhile is newer than the page, and shifts nothing.
      if (pages.length === 1) {
        clock += 1;
        admit();
      }
    } while (cursor !== null);
    expect(pages).toEqual([[idOf(7), idOf(6)], [idOf(5), idOf(4)], [idOf(3), idOf(2)], [idOf(1)]]);
    expect(directory.list("ann", 8, undefined)).toMatchObject({ next_cursor: null });
  });

  test("leaves out a run from the moment it has expired", () => {
    admit();
    end(1);
    clock += LIMITS.retentionMs - 1;
    expect(directory.list("ann", 10, undefined).runs).toHaveLength(1);
    clock += 1;
    expect(directory.list("ann", 10, undefined).runs).toEqual([]);
  });

  test("keeps nothing of a run that has expired, nor of others that are due by then", () => {
    admit({ prompt: "First" });
    admit({ prompt: "Second" });
    end(1);
    directory.started(idOf(2));
    clock += DAY_MS;
    directory.forget(idOf(1));
    expect(sql.rows("SELECT * FROM listed")).toEqual([]);
  });

  test.each(["", "x", "1", "1.x", `1.${idOf(1)}x`, `-1.${idOf(1)}`, `${"9".repeat(16)}.${idOf(1)}`])(
    "a cursor that was not given out is refused: %j",
    (cursor) => {
      expect(() => readCursor(cursor)).toThrow(expect.objectContaining({ code: "invalid_request" }));
    },
  );
});
