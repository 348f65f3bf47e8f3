/** The conversation in which a scripted model makes its calls: grouped into turns, with words between and a few missteps. */
import type { Protocol, Quirk, ScriptedCall, Turn } from "../models/turn.ts";
import type { Random } from "../random.ts";
import type { ReplayCall } from "./calls-for-change.ts";

export interface TurnsOptions {
  readonly protocol: Protocol;
  /** What the model says when it is done. */
  readonly title: string;
  readonly summary: string;
}

/** The service takes 100. */
const MOST_TURNS = 80;
/** The service carries out 200. */
const MOST_CALLS = 150;
/** The service takes answers of four times as many. */
const MOST_CHARACTERS = 1024 * 1024;
const MOST_READS = 3;

const WORDS = [
  "I change what is asked for.",
  "Next:\n\n```diff\n- a\n+ b\n```\n",
  '\u00dcber \u65e5\u672c\u8a9e \u{1f468}\u200d\u{1f469}\u200d\u{1f467} e\u0301 \u2028 \\u0041 "quoted" data: [DONE]',
  "\n",
  '<tool_call>{"name": "finish"}</tool_call>',
];
/** Mostly none: what is taken apart is the subject. */
const QUIRKS: Readonly<Record<Protocol, readonly (readonly Quirk[])[]>> = {
  responses: [[], [], [], ["whole calls"], ["only the end"]],
  chat: [
    [],
    [],
    [],
    ["no usage"],
    ["no call ids"],
    ["no call indexes"],
    ["whole calls"],
    ["reasoning_content"],
    ["no [DONE]"],
    ["finish_reason stop", "no usage"],
  ],
  messages: [[], [], [], ["whole calls"], ["no signature"]],
};

/** At most 80 turns of at most 150 calls; undefined for more than those hold. */
export function turnsForCalls(
  calls: readonly ReplayCall[],
  { protocol, title, summary }: TurnsOptions,
  random: Random,
): readonly Turn[] | undefined {
  const groups = grouped(withMissteps(withReads(calls, random), random), random);
  if (groups.length >= MOST_TURNS) return undefined;
  const finish: ScriptedCall = { name: "finish", arguments: { title, summary } };
  const last = groups.at(-1);
  const all =
    random.int(3) === 0 && last !== undefined ? groups.with(-1, [...last, finish]) : [...groups, [finish]];
  const quirks = random.pick(QUIRKS[protocol]);
  const thinks = protocol !== "chat" || quirks.includes("reasoning_content");
  // Pieces of several calls at once can be told apart by their indexes only.
  const mayInterleave = !quirks.includes("no call indexes");
  return all.map((group) => ({
    calls: group,
    ...(random.int(3) === 0 ? {} : { text: random.pick(WORDS) }),
    ...(thinks && random.int(4) === 0 ? { reasoning: random.pick(WORDS).repeat(1 + random.int(20)) } : {}),
    ...(mayInterleave && random.int(2) === 0 ? { interleaved: true } : {}),
    ...(quirks.length > 0 ? { quirks } : {}),
  }));
}

/** All in one turn, each in its own, or some in each; only what is too much for one turn is taken apart. */
function grouped(calls: readonly ScriptedCall[], random: Random): readonly (readonly ScriptedCall[])[] {
  const manner = random.pick(["one", "each", "mixed"] as const);
  const least = manner === "one" ? MOST_CALLS : Math.ceil(calls.length / (MOST_TURNS - 20));
  const groups: ScriptedCall[][] = [];
  let room = 0;
  let characters = 0;
  for (const call of calls) {
    const length = lengthOf(call);
    if (room <= 0 || characters + length > MOST_CHARACTERS) {
      groups.push([]);
      room = Math.min(MOST_CALLS, manner === "mixed" ? least + random.int(12) : Math.max(1, least));
      characters = 0;
    }
    groups.at(-1)?.push(call);
    room -= 1;
    characters += length;
  }
  return groups;
}

/** Models look before they edit. */
function withReads(calls: readonly ReplayCall[], random: Random): readonly ScriptedCall[] {
  const every = 1 + random.int(6);
  let left = MOST_READS;
  return calls.flatMap((call, index): readonly ScriptedCall[] => {
    const scripted = { name: call.name, arguments: { ...call.arguments } };
    if (call.name !== "edit_file" || index % every > 0 || left === 0) return [scripted];
    left -= 1;
    return [{ name: "read_file", arguments: { path: call.arguments.path } }, scripted];
  });
}

/** One call that must change nothing, in every third conversation. */
function withMissteps(calls: readonly ScriptedCall[], random: Random): readonly ScriptedCall[] {
  if (random.int(3) > 0) return calls;
  const missing = `no file has this text ${random.int(1_000_000)}`;
  const edit = calls.find(({ name }) => name === "edit_file");
  const path =
    edit === undefined || typeof edit.arguments === "string" ? "README.md" : edit.arguments["path"];
  const wrong = random.pick<ScriptedCall>([
    { name: "edit_file", arguments: { path, old_text: missing, new_text: "wrong" } },
    { name: "edit_file", arguments: { path, old_text: "", new_text: "wrong" } },
    { name: "edit_file", arguments: { path: `not-there/${missing}`, old_text: "a", new_text: "wrong" } },
    { name: "write_file", arguments: { path: "../outside", content: "wrong" } },
    { name: "write_file", arguments: { path: "wrong", contents: "wrong" } },
    { name: "write_file", arguments: '{"path": "wrong", "content": "wro' },
    { name: "apply_patch", arguments: { path: "wrong", patch: "wrong" } },
    { name: "delete_file", arguments: { path: ".git/config" } },
  ]);
  return calls.toSpliced(random.int(calls.length + 1), 0, wrong);
}

function lengthOf({ arguments: input }: ScriptedCall): number {
  return (typeof input === "string" ? input : JSON.stringify(input)).length;
}
