/** What scripted models do in the endurance runs: the answers of a job, found by the prompt it was given. */
import { faultNamed } from "../support/models/faults.ts";
import type { ScriptRequest, Turn } from "../support/models/turn.ts";

const edit = (path: string, old_text: string, new_text: string): Turn => ({
  text: `I change ${old_text} to ${new_text}.`,
  calls: [{ name: "edit_file", arguments: { path, old_text, new_text } }],
});
const finish = (title: string): Turn => ({
  calls: [{ name: "finish", arguments: { title, summary: `- ${title}, as asked.` } }],
});

/** Not among the instructions that rules understand, so that only a model can have done the work. */
export const MODEL_PROMPTS = {
  long: "Walk through the library, a part at a time",
  unfinished: "Begin what cannot be finished",
  broken: "Carry on after your vendor broke down",
  next: "And now the next part",
} as const;

const JOBS: Readonly<Record<string, readonly Turn[]>> = {
  [MODEL_PROMPTS.long]: [
    { text: "I look first.", calls: [{ name: "list_files", arguments: {} }] },
    ...Array.from({ length: 8 }, (_, i) => edit(`src/part${i}.py`, `read_${i}`, `load_${i}`)),
    {
      calls: [
        { name: "write_file", arguments: { path: "docs/guide.md", content: "# Guide\n\nGrüße 😀\n" } },
        { name: "move_file", arguments: { from: "src/part9.py", to: "src/last.py" } },
        { name: "delete_file", arguments: { path: "src/part10.py" } },
      ],
    },
    finish("Walk through the library"),
  ],
  [MODEL_PROMPTS.unfinished]: [
    edit("src/part0.py", "read_0", "load_0"),
    edit("src/part1.py", "read_1", "load_1"),
    edit("src/part2.py", "read_2", "load_2"),
  ],
  [MODEL_PROMPTS.broken]: [
    edit("src/part0.py", "read_0", "load_0"),
    // Each life of the service meets it at most once.
    { ...edit("src/part1.py", "read_1", "load_1"), fault: faultNamed("responses", "500"), faults: 1 },
    finish("Carry on"),
  ],
  [MODEL_PROMPTS.next]: [edit("src/part2.py", "read_2", "load_2"), finish("The next part")],
};

/** The answer to a request; throws for one that belongs to no job. */
export function answerJob({ messages, turn }: ScriptRequest): Turn {
  const [first] = messages;
  const text = first?.role === "user" ? first.text : "";
  const job = Object.entries(JOBS).find(([prompt]) => text.includes(prompt));
  const answer = job?.[1][turn];
  if (answer === undefined) throw new Error(`nobody wrote answer ${turn} to: ${text.slice(0, 200)}`);
  return answer;
}
