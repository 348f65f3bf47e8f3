/** What a scripted model says in many conversations at once: each is known by a mark in its prompt. */
import type { ScriptRequest, Turn } from "../models/turn.ts";

export interface Script {
  /** Keeps the turns of a conversation; returns the prompt that begins it. */
  add(turns: readonly Turn[]): string;
  /** The next turn of the conversation a request belongs to; the same again for a request that is sent again. */
  respond(request: ScriptRequest): Turn;
}

const MARK = /make replay (\d+) over again/;

/** A model that was told something after its last turn says that turn once more. */
export function createScript(): Script {
  const conversations: { readonly turns: readonly Turn[]; said: number }[] = [];
  return {
    add(turns) {
      conversations.push({ turns, said: 0 });
      return `Please make replay ${conversations.length - 1} over again.`;
    },
    respond({ messages, attempt }) {
      const first = messages.find(({ role }) => role === "user");
      const number = first?.role === "user" ? MARK.exec(first.text)?.[1] : undefined;
      const conversation = number === undefined ? undefined : conversations[Number(number)];
      if (conversation === undefined) throw new Error("a request of no conversation in the script");
      if (attempt === 0) conversation.said += 1;
      const { turns, said } = conversation;
      const turn = turns[said - 1] ?? withoutOthers(turns.at(-1));
      if (turn === undefined) throw new Error(`the script of ${number} has no turns`);
      return turn;
    },
  };
}

/** The last call of a turn alone: edits in front of it are made already. */
function withoutOthers(turn: Turn | undefined): Turn | undefined {
  return turn === undefined ? undefined : { ...turn, calls: turn.calls?.slice(-1) ?? [] };
}
