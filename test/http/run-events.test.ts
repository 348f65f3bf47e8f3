/** Following a run: where a stream starts, when it is over, and which positions and parameters there are. */
import { describe, expect, it } from "vitest";
import { ServiceError } from "../../src/errors.ts";
import { finished, GOOD, goesOn, ID, ids, JSON_ONLY, problem } from "../support/run-answers.ts";
import { createTestApp } from "../support/test-app.ts";

describe("the events of a run", () => {
  it.each([
    ["", {}, ["1", "2"]],
    ["?after=0", {}, ["1", "2"]],
    ["?after=1", {}, ["2"]],
    ["", { "last-event-id": "1" }, ["2"]],
    ["?after=0", { "last-event-id": "1" }, ["2"]],
    ["?after=1", { "last-event-id": "0" }, ["1", "2"]],
  ])("from %j with %j are those behind it, the header first", async (query, headers, expected) => {
    const { post, get } = createTestApp({ script: finished });
    await post("/code", GOOD, JSON_ONLY);
    const response = await get(`/runs/${ID}/events${query}`, headers as Record<string, string>);
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/event-stream; charset=utf-8",
    ]);
    expect(ids(await response.text())).toEqual(expected);
  });

  it("answer 204 when there are no more, so that an EventSource stops reconnecting", async () => {
    const { post, get } = createTestApp({ script: finished });
    await post("/code", GOOD, JSON_ONLY);
    const response = await get(`/runs/${ID}/events`, { "last-event-id": "2" });
    expect([response.status, await response.text()]).toEqual([204, ""]);
  });

  it("that are not there yet cannot be resumed from", async () => {
    const { post, get } = createTestApp({ script: finished });
    await post("/code", GOOD, JSON_ONLY);
    expect(await problem(await get(`/runs/${ID}/events?after=3`))).toEqual([
      400,
      "invalid_request",
      "The run's last event is 2.",
    ]);
  });

  it("leave no stream behind after HEAD", async () => {
    const { post, get, host } = createTestApp({ script: goesOn });
    await post("/code", GOOD, JSON_ONLY);
    const response = await get(`/runs/${ID}/events`, {}, "HEAD");
    expect([response.status, response.headers.get("content-type"), await response.text()]).toEqual([
      200,
      "text/event-stream; charset=utf-8",
      "",
    ]);
    expect(host.open()).toBe(0);
  });

  const notAnId = (name: string) => `${name} must be the id of an event: digits only, 0 for all events.`;

  it.each(["-1", "1.5", "1e3", "0x1", " ", "", "one", "１", "9".repeat(16)])(
    "are not looked for from %j",
    async (value) => {
      const { get, host } = createTestApp();
      const query = await get(`/runs/${ID}/events?after=${encodeURIComponent(value)}`);
      expect(await problem(query)).toEqual([400, "invalid_request", notAnId("after")]);
      if (/^[\x20-\x7e]*$/.test(value)) {
        const header = await get(`/runs/${ID}/events`, { "last-event-id": value });
        expect(await problem(header)).toEqual([400, "invalid_request", notAnId("Last-Event-ID")]);
      }
      expect(host.asked).toEqual([]);
    },
  );
});

describe("query parameters", () => {
  it.each([
    ["/runs?limit=0", ["limit must be a whole number from 1 to 100."]],
    ["/runs?limit=101", ["limit must be a whole number from 1 to 100."]],
    ["/runs?limit=1e1", ["limit must be a whole number from 1 to 100."]],
    ["/runs?limit=", ["limit must be a whole number from 1 to 100."]],
    ["/runs?limit=1&limit=2", ["limit must be given once."]],
    ["/runs?cursor=a%20b", ["cursor must be a next_cursor that GET /runs answered."]],
    ["/runs?cursor=", ["cursor must be a next_cursor that GET /runs answered."]],
    [
      "/runs?limit=x&curser=1&token=canary5f3a9b1c7d",
      [
        "limit must be a whole number from 1 to 100.",
        "curser is not a query parameter of this request; did you mean cursor?",
        "token is not a query parameter of this request; the query parameters are limit, cursor.",
      ],
    ],
    [
      "/runs?__proto__=1",
      ["__proto__ is not a query parameter of this request; the query parameters are limit, cursor."],
    ],
    [
      `/runs/${ID}?after=1`,
      ["after is not a query parameter of this request; it takes no query parameters."],
    ],
    [
      `/runs/${ID}/patch?a%0ab=1`,
      ["a?b is not a query parameter of this request; it takes no query parameters."],
    ],
    [`/runs/${ID}/events?after=1&after=2`, ["after must be given once."]],
    [
      `/runs/${ID}/events?from=1`,
      ["from is not a query parameter of this request; the query parameters are after."],
    ],
  ])("of %s are refused by name", async (path, messages) => {
    const { get, host } = createTestApp();
    const response = await get(path);
    const text = await response.text();
    const { error } = JSON.parse(text) as { error: { code: string; problems: { message: string }[] } };
    expect([response.status, error.code, error.problems.map(({ message }) => message)]).toEqual([
      400,
      "invalid_request",
      messages,
    ]);
    expect(text).not.toContain("canary");
    expect(host.asked).toEqual([]);
  });

  it.each([
    ["/runs?cursor=abc", {}, "cursor"],
    [`/runs/${ID}/events?after=7`, {}, "after"],
    [`/runs/${ID}/events?after=1`, { "last-event-id": "7" }, "Last-Event-ID"],
  ])("of %s with %j that only the runs can tell are wrong are named too", async (path, headers, field) => {
    const message = "It is not one of these.";
    const refuse = () => Promise.reject(new ServiceError("invalid_request", message));
    const { get } = createTestApp({ host: { list: refuse, events: refuse } });
    const response = await get(path, headers as Record<string, string>);
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: { code: "invalid_request", message, problems: [{ field, message }] } },
    ]);
  });

  it("do not get the blame for what else the runs refuse", async () => {
    const { get } = createTestApp({
      host: { events: () => Promise.reject(new ServiceError("run_expired", "It has expired.")) },
    });
    const response = await get(`/runs/${ID}/events`);
    expect([response.status, await response.json()]).toEqual([
      410,
      { error: { code: "run_expired", message: "It has expired." } },
    ]);
  });

  it.each(["POST /code", "POST /code/legacy", `POST /runs/${ID}/prompt`, "GET /config", "POST /config"])(
    "of %s are refused, also when they are fields of a body",
    async (route) => {
      const [method = "", path = ""] = route.split(" ");
      const { app, runs } = createTestApp();
      const response = await app.request(`${path}?mode=patch`, {
        method,
        headers: { "content-type": "application/json" },
        ...(method === "POST" ? { body: path === "/config" ? '{"max_runs":1}' : JSON.stringify(GOOD) } : {}),
      });
      const message = "mode is not a query parameter of this request; it takes no query parameters.";
      expect([response.status, await response.json(), runs]).toEqual([
        400,
        { error: { code: "invalid_request", message, problems: [{ field: "mode", message }] } },
        [],
      ]);
    },
  );
});
