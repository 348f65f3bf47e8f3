/** What checkpoints append: kept once, in order, with their event or not at all, and gone when the run has ended. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { RunEvent } from "../../../src/run/events.ts";
import { createRunLog } from "../../../src/run/host/run-log.ts";
import type { Sql } from "../../../src/run/host/sql.ts";
import { openSqlite, type SqliteFile } from "../../../src/run/process/sqlite.ts";
import {
  CALLER,
  DONE,
  FOREVER,
  type Hosted,
  hosted,
  mark,
  messages,
  REQUEST,
  RETENTION_MS,
  type Script,
  say,
  settled,
} from "../../support/hosted.ts";
import { type TemporaryFolder, temporaryFolder } from "../../support/temporary-folder.ts";

describe("in a log", () => {
  const RUN = { caller: CALLER, request: REQUEST, credentials: {}, createdAt: 0 };
  const event = (seq: number) => ({ seq, time: "2026-11-01T00:00:00.000Z", ...say(`event ${seq}`) });
  let folder: TemporaryFolder;
  let sql: SqliteFile;

  beforeEach(async () => {
    folder = await temporaryFolder();
    sql = openSqlite(folder.path);
  });
  afterEach(async () => {
    sql.close();
    await folder[Symbol.asyncDispose]();
  });

  const rows = () => sql.rows("SELECT run_id, entry, part, length(data) AS length FROM entries");

  test("each run's are its own, in the order they came, whatever JSON they are", () => {
    const values = [{ text: "é😀 \ud800" }, "two", null, [3, { deep: [true] }], "", {}];
    for (const id of ["one", "two"]) {
      const log = createRunLog(sql, id);
      log.create(RUN, [event(1)]);
      log.append(event(2), { mark: mark(1, { append: [id, ...values.slice(0, 3)] }) });
      log.append(event(3), { mark: mark(2) });
      log.append(event(4), { mark: mark(3, { append: values.slice(3) }) });
    }
    expect(createRunLog(sql, "two").resume()).toEqual({
      checkpoint: { version: 1, story: 3 },
      edits: [],
      entries: ["two", ...values],
    });
    createRunLog(sql, "two").save(mark(4, { append: ["last"] }), 4);
    createRunLog(sql, "one").expire();
    expect([rows().length, createRunLog(sql, "two").resume()?.entries.at(-1)]).toEqual([8, "last"]);
    createRunLog(sql, "two").forget();
    expect(rows()).toEqual([]);
  });

  test("one that is longer than a row may be is in as many as it takes", () => {
    const log = createRunLog(sql, "one");
    log.create(RUN, [event(1)]);
    const long = { text: "😀".repeat(1_000_000) };
    log.append(event(2), { mark: mark(1, { append: ["before", long, "behind"] }) });
    expect(log.resume()?.entries).toEqual(["before", long, "behind"]);
    const lengths = sql.rows(
      "SELECT max(length(CAST(data AS BLOB))) AS most, count(*) AS parts FROM entries",
    );
    expect(lengths).toEqual([{ most: expect.any(Number), parts: 6 }]);
    expect(Number(lengths[0]?.["most"])).toBeLessThan(2_000_000);
  });

  test("a mark writes what it adds, not what is there", () => {
    const log = createRunLog(sql, "one");
    log.create(RUN, [event(1)]);
    log.append(event(2), { mark: mark(1, { append: ["a".repeat(100_000)] }) });
    const written: number[] = [];
    const counting: Sql = {
      rows: (statement, ...values) => {
        if (statement.includes("entries")) written.push(JSON.stringify(values).length);
        return sql.rows(statement, ...values);
      },
      transaction: (work) => sql.transaction(work),
    };
    createRunLog(counting, "one").append(event(3), { mark: mark(2, { append: ["b"] }) });
    expect(Math.max(...written)).toBeLessThan(100);
    expect(log.resume()?.entries).toEqual(["a".repeat(100_000), "b"]);
  });

  test("they are not there when their event is not", () => {
    const log = createRunLog(sql, "one");
    log.create(RUN, [event(1)]);
    log.append(event(2), { mark: mark(1, { append: ["kept"] }) });
    const failing: Sql = {
      rows: (statement, ...values) => {
        if (statement.startsWith("UPDATE runs")) throw new Error("the disk is full");
        return sql.rows(statement, ...values);
      },
      transaction: (work) => sql.transaction(work),
    };
    const unlucky = createRunLog(failing, "one");
    const lost = mark(2, { append: ["lost"] });
    expect(() => unlucky.append(event(3), { mark: lost })).toThrow("the disk is full");
    expect(() => unlucky.save(lost, 2)).toThrow("the disk is full");
    expect([log.resume(), log.read(2, 1)]).toEqual([
      { checkpoint: { version: 1, story: 1 }, edits: [], entries: ["kept"] },
      [],
    ]);
    log.append(event(3), { mark: mark(2, { append: ["next"] }) });
    expect(log.resume()?.entries).toEqual(["kept", "next"]);
  });

  test("a store that a version without them made has room for them", () => {
    createRunLog(sql, "one").create(RUN, [event(1)]);
    sql.rows("DROP TABLE entries");
    const log = createRunLog(sql, "one");
    expect(log.record()?.lastSeq).toBe(1);
    log.append(event(2), { mark: mark(1, { append: ["new"] }) });
    expect(log.resume()?.entries).toEqual(["new"]);
    sql.rows("DROP TABLE entries");
    const ended = createRunLog(sql, "one");
    ended.tidy();
    ended.expire();
    ended.forget();
    expect(ended.record()).toBeUndefined();
  });
});

describe("of a run", () => {
  let host: Hosted;
  afterEach(() => host.close());

  function started(script: Script): Hosted {
    host = hosted(script);
    host.start();
    return host;
  }
  /** The process dies once everything that needs no timer has happened. */
  async function liveAndDie(): Promise<void> {
    void host.run().wake();
    await settled();
    host.die();
  }

  /** Turns that each append one entry with their last event; `dieAt` outputs in, the process is gone. */
  function turns(lives: number[], seen: (readonly unknown[] | undefined)[]): Script {
    return async function* ({ resume }) {
      let left = lives.shift() ?? Number.POSITIVE_INFINITY;
      seen.push(resume?.entries);
      const entries = resume?.entries ?? [];
      for (let turn = entries.length + 1; turn <= 3; turn += 1) {
        for (const output of [
          say(`${turn} asks`),
          mark(turn, { append: [{ turn }] }),
          say(`${turn} answers`),
        ]) {
          if (left-- <= 0) await FOREVER;
          yield output;
        }
      }
      if (left-- <= 0) await FOREVER;
      yield DONE;
    };
  }
  const ANSWERED = [
    "2 1 asks",
    "3 1 answers",
    "4 2 asks",
    "5 2 answers",
    "6 3 asks",
    "7 3 answers",
    "8 Done.",
  ];

  test.each(Array.from({ length: 10 }, (_, at) => at))(
    "are handed to the next life once each, when this one ends after %i outputs",
    async (at) => {
      const seen: (readonly unknown[] | undefined)[] = [];
      started(turns([at], seen));
      await liveAndDie();
      await host.run().wake();
      const had = Array.from({ length: Math.floor(at / 3) }, (_, index) => ({ turn: index + 1 }));
      expect(seen).toEqual([undefined, had.length === 0 ? undefined : had]);
      expect(messages(host.events()).slice(1)).toEqual(ANSWERED);
    },
  );

  test("come once each over many lives, also with an event that was said before its mark was kept", async () => {
    const seen: (readonly unknown[] | undefined)[] = [];
    started(turns([2, 1, 4, 0, 2], seen));
    for (let life = 0; life < 5; life += 1) await liveAndDie();
    await host.run().wake();
    expect(seen).toEqual([undefined, undefined, undefined, [{ turn: 1 }], [{ turn: 1 }], [{ turn: 1 }]]);
    expect(messages(host.events()).slice(1)).toEqual(ANSWERED);

    host.close();
    const again: (readonly unknown[] | undefined)[] = [];
    started(async function* ({ resume }) {
      again.push(resume?.entries);
      if (again.length === 2) yield mark(1, { append: ["once"] });
      if (again.length < 3) yield say("the same");
      if (again.length < 3) await FOREVER;
      yield DONE;
    });
    await liveAndDie();
    await liveAndDie();
    await host.run().wake();
    expect(again).toEqual([undefined, undefined, ["once"]]);
  });

  test("are all kept when two marks come with one event", async () => {
    const resumed: unknown[] = [];
    started(async function* ({ resume }) {
      resumed.push(resume);
      if (resume === undefined) {
        const edit = (path: string, oid: string) =>
          ({ path, file: { mode: "100644", content: { oid } } }) as const;
        const nothing: RunEvent = { type: "text", message: "says", delta: "" };
        yield mark(1, { append: [1, 2], edits: [edit("a", "1"), edit("b", "1")], patch: "a patch" });
        yield nothing;
        yield mark(2, { append: [3], edits: [edit("b", "2")] });
        yield say("both");
        await FOREVER;
      }
      yield DONE;
    });
    await liveAndDie();
    await host.run().wake();
    expect(resumed[1]).toEqual({
      checkpoint: { version: 1, story: 2 },
      edits: [
        { path: "a", file: { mode: "100644", content: { oid: "1" } } },
        { path: "b", file: { mode: "100644", content: { oid: "2" } } },
      ],
      entries: [1, 2, 3],
    });
    expect(host.run().patch(CALLER)).toBe("a patch");
  });

  test("are gone when it has ended, before its log is", async () => {
    started(async function* () {
      yield mark(1, { append: ["canary of the transcript"] });
      yield say("working");
      await gate.promise;
      yield DONE;
    });
    const gate = Promise.withResolvers<void>();
    const driven = host.run().wake();
    await settled();
    expect(host.rows("entries")).toEqual(1);
    gate.resolve();
    await driven;
    expect([host.rows("entries"), host.rows("events")]).toEqual([0, 3]);
    host.clock += RETENTION_MS;
    await host.run().wake();
    expect([host.rows("entries"), host.rows("events")]).toEqual([0, 0]);
  });
});
