/** Runs on a stage whose models say, turn by turn, what a test gave them. */
import { afterAll, beforeAll } from "vitest";
import type { Chunking } from "../../support/models/pieces.ts";
import type { Protocol, ScriptRequest, Turn } from "../../support/models/turn.ts";
import { openStage, type Stage, type StagedRun, type StageRun } from "./stage.ts";

export type Script = (request: ScriptRequest) => Turn;

export interface Scripted {
  /** Throws before the tests run. */
  stage(): Stage;
  run(script: Script, options?: Partial<StageRun>): Promise<StagedRun>;
}

export const APP = { "app.js": "one\n" };
export const READ = { name: "read_file", arguments: { path: "app.js" } } as const;
export const FINISH = { name: "finish", arguments: { title: "Say two", summary: "It says two." } } as const;
export const EDIT = replace("one", "two");
export const EDIT_BACK = replace("two", "one");

function replace(old_text: string, new_text: string) {
  return { name: "edit_file", arguments: { path: "app.js", old_text, new_text } } as const;
}

/** A stage for the tests of a `describe`; prompts name their scripts, so that runs may go on at once. */
export function scripted(protocol: Protocol, chunking: Chunking = "whole"): Scripted {
  const scripts: Script[] = [];
  let opened: Stage | undefined;
  const respond = (request: ScriptRequest): Turn => {
    const script = scripts[Number(/\(script (\d+)\)/.exec(request.text)?.[1])];
    if (script === undefined) throw new Error("the prompt names no script");
    return script(request);
  };
  const stage = (): Stage => {
    if (opened === undefined) throw new Error("the stage is not open yet");
    return opened;
  };
  beforeAll(async () => {
    opened = await openStage({ protocol, respond, chunking });
  });
  afterAll(() => opened?.[Symbol.asyncDispose]());
  return {
    stage,
    run(script, { prompt = "Say two.", files = APP, ...rest } = {}) {
      const name = scripts.push(script) - 1;
      return stage().run({ prompt: `${prompt} (script ${name})`, files, ...rest });
    },
  };
}

/** Turn by turn; the last one again and again. */
export function turns(...all: readonly Turn[]): Script {
  return ({ turn }) => all[Math.min(turn, all.length - 1)] ?? {};
}
