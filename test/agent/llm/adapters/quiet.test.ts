/** The SDKs print nothing. In a file of its own: they keep the console they find when they are first used. */
import { expect, it } from "vitest";
import { connect, hear } from "../../../support/models/connect.ts";
import { startModelServer } from "../../../support/models/server.ts";
import { PROTOCOLS } from "../../../support/models/turn.ts";

it.each(PROTOCOLS)("%s", async (protocol) => {
  const printed: unknown[] = [];
  const { log, warn, error, info, debug } = console;
  const print = (...words: unknown[]): void => void printed.push(words);
  Object.assign(console, { log: print, warn: print, error: print, info: print, debug: print });
  try {
    await using server = await startModelServer({
      turns: [
        {
          text: "Hm.",
          faults: 1,
          fault: {
            name: "garbage",
            expects: "broken_stream",
            play: (exchange) => exchange.reply(200, {}, "event: x\ndata: {\n\n"),
          },
        },
      ],
    });
    // a model that Anthropic's SDK warns of
    const model = connect(server, protocol, {
      model: protocol === "messages" ? "claude-sonnet-4-5" : "gpt-4.1",
    });
    await expect(hear(model)).rejects.toMatchObject({ failure: "broken_stream" });
    await hear(model);
  } finally {
    Object.assign(console, { log, warn, error, info, debug });
  }
  expect(printed).toEqual([]);
});
