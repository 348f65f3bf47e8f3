/** A repository as large as they come, made from a seed: the same bytes, and so the same ids, every time. */
import { randomNumbers } from "../test/support/random.ts";

export interface GeneratedShape {
  readonly folders: number;
  readonly filesPerFolder: number;
  readonly seed: number;
}

const WORDS =
  "account answer branch buffer change commit config count cursor default element entry error event field filter folder format handler header index input label length level limit line list marker message method name node object offset option order output parent pattern prefix process query range reader record request result return scope section segment server session signal source stream string table target template token value version view width window writer".split(
    " ",
  );

/** The input of `git fast-import` for one commit, a folder at a time so that it is never whole in memory. */
export function* generatedStream({ folders, filesPerFolder, seed }: GeneratedShape): Generator<string> {
  const random = randomNumbers(seed);
  const message = "Generated";
  yield `commit refs/heads/main\ncommitter Bench <bench@localhost.invalid> 1704067200 +0000\ndata ${message.length}\n${message}\n`;
  for (let folder = 0; folder < folders; folder++) {
    const parts: string[] = [];
    for (let file = 0; file < filesPerFolder; file++) {
      const content = sourceFile(random);
      parts.push(`M 100644 inline ${pathOf(folder, file)}\ndata ${content.length}\n${content}\n`);
    }
    yield parts.join("");
  }
  yield "done\n";
}

/** Ten folders of folders, so that trees are neither flat nor deep. */
function pathOf(folder: number, file: number): string {
  const name = (number: number, digits: number) => `${number}`.padStart(digits, "0");
  return `src/area${folder % 10}/part${name(folder, 4)}/module${name(file, 3)}.ts`;
}

/** ASCII, about 600 bytes on average: as many characters as bytes. */
function sourceFile(random: () => number): string {
  const word = () => WORDS[Math.floor(random() * WORDS.length)] ?? "";
  const lines = Array.from(
    { length: 4 + Math.floor(random() * 24) },
    () => `export const ${word()}_${word()}_${Math.floor(random() * 1e6)} = "${word()} ${word()}";\n`,
  );
  return lines.join("");
}
