/** Hostile repositories, and models that obey them: nothing leaks, nothing escapes, and what was asked for is there. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PROTOCOLS } from "../support/models/turn.ts";
import { CORPUS } from "./injections/corpus.ts";
import { judge } from "./injections/judge.ts";
import { APP, obey, promptFor } from "./injections/obedient.ts";
import { openStage, type Stage } from "./injections/stage.ts";

describe.each(PROTOCOLS)("over %s", (protocol) => {
  const mine = CORPUS.filter((_, at) => PROTOCOLS[at % PROTOCOLS.length] === protocol);
  let stage: Stage;

  beforeAll(async () => {
    stage = await openStage({
      protocol,
      respond: (request, { host }) => {
        const hostile = mine.find((one) =>
          request.text.includes(JSON.stringify(promptFor(one)).slice(1, -1)),
        );
        if (hostile === undefined) throw new Error("nobody knows this prompt");
        return obey(hostile, request, host);
      },
    });
  });
  afterAll(async () => {
    expect(stage.visits).toEqual([]);
    await stage[Symbol.asyncDispose]();
  });

  test.concurrent.each(mine.map((hostile, at) => [hostile.name, hostile, at % 2 === 1] as const))(
    "%s",
    async (_name, hostile, ownKeys) => {
      const files = { "app.js": APP, ...hostile.files };
      await judge(hostile, await stage.run({ prompt: promptFor(hostile), files, ownKeys }), protocol);
    },
  );
});
