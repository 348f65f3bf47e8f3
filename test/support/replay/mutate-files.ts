/** What commits of the generated repositories do: edits of lines, renames, swaps, folders that become files. */
import type { Random } from "../random.ts";
import { type GeneratedFile, oddPath } from "./generated-file.ts";
import { ODD_TEXTS, oddLine, oddText } from "./odd-texts.ts";

type Files = Map<string, GeneratedFile>;
/** @param name differs from commit to commit, for new paths */
type Mutation = (files: Files, name: string, random: Random) => void;

/** Most commits of people are edits, and so are most of these. */
const MUTATIONS: readonly Mutation[] = [
  ...Array<Mutation>(8).fill(editLines),
  ...Array<Mutation>(2).fill(editCharacters),
  ...Array<Mutation>(3).fill(breakLine),
  replaceWord,
  toggleFinalNewline,
  changeEndings,
  changeEncoding,
  changeMark,
  emptyOrFill,
  addFile,
  addFile,
  deleteFile,
  renameFile,
  renameAndEdit,
  renameAndEdit,
  swapFiles,
  fileToFolder,
  folderToFile,
  deleteFolder,
];

/** The files behind one more commit. */
export function mutate(
  files: ReadonlyMap<string, GeneratedFile>,
  name: string,
  random: Random,
): ReadonlyMap<string, GeneratedFile> {
  const after: Files = new Map(files);
  const count = 1 + random.int(4);
  for (let number = 0; number < count; number += 1) {
    random.pick(MUTATIONS)(after, `${name}-${number}`, random);
  }
  return after;
}

function editLines(files: Files, _name: string, random: Random): void {
  changeText(files, random, (text, file) => {
    const lines = text.split(/(?<=\n)/);
    for (let edits = 1 + random.int(5); edits > 0; edits -= 1) {
      const at = random.int(lines.length);
      const line = random.int(3) === 0 ? (lines[random.int(lines.length)] ?? "") : oddLine(file.kind, random);
      const added = Array.from({ length: random.int(3) }, () => (file.kind.lines === 1 ? ";" : line));
      lines.splice(at, file.kind.lines === 1 ? 0 : random.int(3), ...added);
    }
    return lines.join("");
  });
}

/** Somewhere inside of lines, between any two characters. */
function editCharacters(files: Files, _name: string, random: Random): void {
  changeText(files, random, (text, { kind }) => {
    const at = random.int(text.length + 1);
    const characters = Array.from(text.slice(at, at + random.int(200)));
    const head = text.slice(0, at);
    if (!head.isWellFormed()) return text;
    const rest = text.slice(at + characters.join("").length);
    if (!rest.isWellFormed()) return text;
    return head + random.pick(kind.words) + characters.toReversed().join("") + rest;
  });
}

/** With an ending that is not always the file's. */
function breakLine(files: Files, _name: string, random: Random): void {
  const ending = random.pick(["\n", "\n", "\r\n", "\r"]);
  changeText(files, random, (text) => {
    const characters = Array.from(text);
    return characters.toSpliced(random.int(characters.length + 1), 0, ending).join("");
  });
}

function replaceWord(files: Files, _name: string, random: Random): void {
  changeText(files, random, (text, { kind }) => {
    const word = random.pick(kind.words);
    return word === "" ? text : text.split(word).join(random.pick(kind.words));
  });
}

function toggleFinalNewline(files: Files, _name: string, random: Random): void {
  changeText(files, random, (text, { kind }) =>
    /[\r\n]$/.test(text) ? text.replace(/(?:\r\n|\r|\n)$/, "") : text + random.pick(kind.endings),
  );
}

function changeEndings(files: Files, _name: string, random: Random): void {
  const ending = random.pick(["\n", "\r\n", "\r"]);
  changeText(files, random, (text, { kind }) =>
    kind.lines > 1_000 ? text : text.replaceAll(/\r\n|\r|\n/g, ending),
  );
}

/** Legacy files become UTF-8, as they do in real histories. */
function changeEncoding(files: Files, _name: string, random: Random): void {
  const legacy = [...files].filter(([, { content }]) => content.encoding !== "utf-8");
  if (legacy.length === 0) return;
  const [path, file] = random.pick(legacy);
  files.set(path, { ...file, content: { ...file.content, encoding: "utf-8", bom: random.int(4) === 0 } });
}

function changeMark(files: Files, _name: string, random: Random): void {
  const marked = [...files].filter(([, { content }]) => content.encoding === "utf-8");
  if (marked.length === 0) return;
  const [path, file] = random.pick(marked);
  files.set(path, { ...file, content: { ...file.content, bom: !file.content.bom } });
}

function emptyOrFill(files: Files, _name: string, random: Random): void {
  changeText(files, random, (text, { kind }) => (text === "" ? oddText(kind, random) : ""), isSmall);
}

function addFile(files: Files, name: string, random: Random): void {
  const utf8 = Object.values(ODD_TEXTS).filter(
    ({ encoding, lines }) => encoding === "utf-8" && lines < 1_000,
  );
  const kind = random.pick(utf8);
  const content = { encoding: kind.encoding, bom: kind.bom, text: oddText(kind, random) };
  files.set(oddPath(name, random), { kind, content });
}

function deleteFile(files: Files, _name: string, random: Random): void {
  files.delete(random.pick([...files.keys()]));
}

function renameFile(files: Files, name: string, random: Random): void {
  const [path, file] = random.pick([...files]);
  files.delete(path);
  files.set(oddPath(name, random), file);
}

function renameAndEdit(files: Files, name: string, random: Random): void {
  const [path, file] = random.pick([...files]);
  const to = oddPath(name, random);
  files.delete(path);
  const alone: Files = new Map([[to, file]]);
  editLines(alone, name, random);
  files.set(to, alone.get(to) ?? file);
}

function swapFiles(files: Files, _name: string, random: Random): void {
  const [[one, first], [other, second]] = [random.pick([...files]), random.pick([...files])];
  files.set(one, second);
  files.set(other, first);
}

/** `a` becomes `a/a`. */
function fileToFolder(files: Files, name: string, random: Random): void {
  const [path, file] = random.pick([...files]);
  files.delete(path);
  files.set(`${path}/${name}`, file);
}

/** `a/b` becomes `a`, and all else in it goes. */
function folderToFile(files: Files, _name: string, random: Random): void {
  const [path, file] = random.pick([...files]);
  const folder = path.slice(0, path.lastIndexOf("/"));
  if (!path.includes("/") || insideOf(files, folder).length > 3) return;
  for (const inside of insideOf(files, folder)) files.delete(inside);
  files.set(folder, file);
}

function deleteFolder(files: Files, _name: string, random: Random): void {
  const path = random.pick([...files.keys()]);
  const inside = insideOf(files, path.slice(0, path.lastIndexOf("/")));
  if (path.includes("/") && inside.length < 4) for (const one of inside) files.delete(one);
}

function insideOf(files: Files, folder: string): readonly string[] {
  return [...files.keys()].filter((path) => path.startsWith(`${folder}/`));
}

function isSmall({ content }: GeneratedFile): boolean {
  return content.text.length < 10_000;
}

function changeText(
  files: Files,
  random: Random,
  change: (text: string, file: GeneratedFile) => string,
  among: (file: GeneratedFile) => boolean = () => true,
): void {
  const candidates = [...files].filter(([, file]) => among(file));
  if (candidates.length === 0) return;
  const [path, file] = random.pick(candidates);
  const text = change(file.content.text, file);
  files.set(path, { ...file, content: { ...file.content, text } });
}
