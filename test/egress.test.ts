import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { createEgress } from "../src/egress.ts";
import { ServiceError } from "../src/errors.ts";

const SECRET = "token CANARYcanaryCANARY";
const authorization = { authorization: SECRET };

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly seen: Seen[];
}

/** A server that answers by path: `/to?status=302&at=URL` redirects, `/cut` hangs up, all else is 200. */
async function serve(): Promise<Server> {
  const seen: Seen[] = [];
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = "";
    for await (const chunk of request) {
      body += String(chunk);
    }
    const { method = "", url = "", headers } = request;
    seen.push({ method, url, authorization: headers.authorization, body });
    const { pathname, searchParams } = new URL(url, "http://unused");
    if (pathname === "/cut") {
      response.destroy();
    } else if (pathname === "/to") {
      const location = searchParams.get("at");
      response
        .writeHead(Number(searchParams.get("status")), location === null ? {} : { location })
        .end("moved");
    } else {
      response.end("here");
    }
  };
  const server = createServer((request, response) => void answer(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `http://${host}`,
    host,
    seen,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

async function refusal(promise: Promise<Response>): Promise<ServiceError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ServiceError) {
    return error;
  }
  throw error ?? new Error("nothing was thrown");
}

const to = (server: Server, status: number, at: string): string =>
  `${server.url}/to?status=${status}&at=${encodeURIComponent(at)}`;

describe("an egress reaches", () => {
  test("its origins, whatever the path of the allowed URL", async () => {
    await using server = await serve();
    const send = createEgress({ origins: [`${server.url}/api/v3`] });

    const response = await send(`${server.url}/repos?x=1`, { headers: authorization });

    expect([response.status, await response.text()]).toEqual([200, "here"]);
    expect(server.seen).toEqual([{ method: "GET", url: "/repos?x=1", authorization: SECRET, body: "" }]);
  });

  test("them with URL and Request objects too", async () => {
    await using server = await serve();
    const send = createEgress({ origins: [server.url] });
    const init = { method: "POST", headers: authorization, body: "data" };

    await send(new URL(`${server.url}/a`), init);
    await send(new Request(`${server.url}/b`, init));
    await send(new Request(`${server.url}/c`));

    expect(server.seen).toEqual([
      { method: "POST", url: "/a", authorization: SECRET, body: "data" },
      { method: "POST", url: "/b", authorization: SECRET, body: "data" },
      { method: "GET", url: "/c", authorization: undefined, body: "" },
    ]);
  });

  test.each([
    ["another host", "https://example.com/x"],
    ["another port", "https://github.com:8443/x"],
    ["another scheme", "http://github.com/x"],
    ["a host that begins like an allowed one", "https://github.com.evil.example/x"],
    ["a host after an allowed one as user", "https://github.com@evil.example/x"],
    ["loopback", "http://127.0.0.1:1/x"],
    ["a data URL", "data:text/plain,x"],
    ["a file", "file:///etc/passwd"],
    ["an allowed host with credentials", "https://user:CANARY@github.com/x"],
    ["something that is not a URL", "/repos"],
  ])("not %s, and sends nothing there", async (_name, url) => {
    const sent: unknown[] = [];
    const send = createEgress({
      origins: ["https://github.com", "https://api.github.com"],
      fetch: async (input) => {
        sent.push(input);
        return new Response();
      },
    });

    const error = await refusal(send(url, { headers: authorization }));

    expect([error.code, error.retryable, sent]).toEqual(["forbidden", false, []]);
    expect(inspect(error, { depth: Number.POSITIVE_INFINITY })).not.toContain("CANARY");
  });

  test("nothing that is not named, and says what is", async () => {
    const send = createEgress({ origins: ["https://github.com/", "https://api.github.com"] });

    const error = await refusal(send("https://example.com/secret?path"));

    expect(error.message).toBe(
      'Requests to "https://example.com" are not allowed: only "https://github.com", "https://api.github.com" can be ' +
        "reached.",
    );
  });

  test("no origin that is not a URL", () => {
    expect(() => createEgress({ origins: ["github.com"] })).toThrow(
      new ServiceError("internal", '"github.com" is not a URL, so it cannot be an allowed origin.'),
    );
  });
});

describe("attack 4: a redirect", () => {
  test.each([301, 302, 303, 307, 308])(
    "%i to another server is not followed, allowed or not",
    async (status) => {
      await using server = await serve();
      await using canary = await serve();
      const strict = createEgress({ origins: [server.url] });
      const wide = createEgress({ origins: [server.url, canary.url] });
      const url = to(server, status, `${canary.url}/steal`);

      const errors = [
        await refusal(strict(url, { headers: authorization })),
        await refusal(wide(url, { headers: authorization })),
        await refusal(wide(url, { method: "POST", headers: authorization, body: "data" })),
      ];

      expect(errors.map(({ code, message }) => [code, message])).toEqual(
        Array(3).fill([
          "forbidden",
          `"${server.host}" redirected to "${canary.url}". The redirect was not followed, because it would carry the ` +
            "request and its token to another server: use the address the server has now.",
        ]),
      );
      expect(canary.seen).toEqual([]);
      expect(server.seen).toHaveLength(3);
      expect(inspect(errors, { depth: Number.POSITIVE_INFINITY })).not.toContain(SECRET);
    },
  );

  test.each([
    ["to a host written like a path", "//evil.example/x"],
    ["to a script", "javascript:alert(1)"],
    ["to nothing that is a URL", "http://[::1"],
  ])("%s is not followed", async (_name, at) => {
    await using server = await serve();
    const send = createEgress({ origins: [server.url] });

    const error = await refusal(send(to(server, 302, at)));

    expect([error.code, server.seen.length]).toEqual(["forbidden", 1]);
  });

  test("within its origin is followed with its headers", async () => {
    await using server = await serve();
    const send = createEgress({ origins: [server.url] });

    const response = await send(to(server, 301, "/repositories/1"), { headers: authorization });

    expect([response.status, server.seen.at(-1)]).toEqual([
      200,
      { method: "GET", url: "/repositories/1", authorization: SECRET, body: "" },
    ]);
  });

  test.each([307, 308])("%i of a POST within its origin sends the body again", async (status) => {
    await using server = await serve();
    const send = createEgress({ origins: [server.url] });
    const body = new TextEncoder().encode("data");

    await send(to(server, status, "/there"), { method: "POST", headers: authorization, body });

    expect(server.seen.at(-1)).toEqual({
      method: "POST",
      url: "/there",
      authorization: SECRET,
      body: "data",
    });
  });

  test("of a POST that would become a GET, or whose body is a stream, is not followed", async () => {
    await using server = await serve();
    const send = createEgress({ origins: [server.url] });
    const stream = { method: "POST", body: new Blob(["data"]).stream(), duplex: "half" } as const;

    const errors = [
      await refusal(send(to(server, 302, "/there"), { method: "POST", body: "data" })),
      await refusal(send(to(server, 307, "/there"), stream)),
    ];

    expect(errors.map(({ code }) => code)).toEqual(["forbidden", "forbidden"]);
    expect(server.seen).toHaveLength(2);
  });

  test("is followed three times and no more", async () => {
    await using server = await serve();
    const send = createEgress({ origins: [server.url] });
    const hops = (count: number): string => {
      const next = count === 1 ? "/there" : hops(count - 1);
      return `/to?status=302&at=${encodeURIComponent(next)}`;
    };

    const third = await send(server.url + hops(3));
    const error = await refusal(send(server.url + hops(4)));

    expect([third.status, error.code, error.message, server.seen.length]).toEqual([
      200,
      "forbidden",
      `"${server.host}" redirected more than 3 times. Check its address.`,
      8,
    ]);
  });

  test("status without a Location, and every other status, is handed on", async () => {
    await using server = await serve();
    const send = createEgress({ origins: [server.url] });

    const statuses = [302, 304, 404, 500].map(
      async (status) => (await send(`${server.url}/to?status=${status}`)).status,
    );

    expect(await Promise.all(statuses)).toEqual([302, 304, 404, 500]);
  });
});

describe("a connection that fails", () => {
  test("is a network error that names the host, and may be tried again", async () => {
    const server = await serve();
    const send = createEgress({ origins: [server.url] });
    const cut = await refusal(send(`${server.url}/cut?secret`, { headers: authorization }));
    await server[Symbol.asyncDispose]();
    const closed = await refusal(send(`${server.url}/x?secret`, { headers: authorization }));

    expect([cut, closed].map(({ code, retryable, message }) => [code, retryable, message])).toEqual(
      ["UND_ERR_SOCKET", "ECONNREFUSED"].map((reason) => [
        "network_error",
        true,
        `The connection to "${server.host}" failed (${reason}). Try again; if it stays, check the server's address and ` +
          "state.",
      ]),
    );
    expect(inspect([cut, closed], { depth: Number.POSITIVE_INFINITY })).not.toContain(SECRET);
  });

  test("because a header is not one does not quote it", async () => {
    const send = createEgress({ origins: ["http://127.0.0.1:1"] });

    const error = await refusal(send("http://127.0.0.1:1/", { headers: { authorization: "CANARY\u2028" } }));

    expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain("CANARY");
  });

  test("because it was aborted ends with the signal's own reason", async () => {
    await using server = await serve();
    const send = createEgress({ origins: [server.url] });
    const reason = { why: "anything a caller likes" };

    await expect(send(server.url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(send(server.url, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(server.seen).toEqual([]);
  });
});
