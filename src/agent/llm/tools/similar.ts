/** Finds the names somebody may have meant by one that does not exist, in time linear in all names. */

/** Only the end of a longer name is looked at. */
const LONGEST = 200;

/** Pairs of neighbouring characters, each as one number. */
export function pairsOf(text: string): ReadonlySet<number> {
  const pairs = new Set<number>();
  for (let at = 1; at < text.length; at++) pairs.add(pairAt(text, at));
  return pairs;
}

function pairAt(text: string, at: number): number {
  return text.charCodeAt(at - 1) * 0x1_0000 + text.charCodeAt(at);
}

/** Sørensen and Dice: 0 for texts without a common pair, 1 for the same ones. */
export function similarity(pairs: ReadonlySet<number>, text: string): number {
  if (pairs.size === 0 || text.length < 2) return 0;
  let common = 0;
  for (let at = 1; at < text.length; at++) if (pairs.has(pairAt(text, at))) common++;
  return Math.min(1, (2 * common) / (pairs.size + text.length - 1));
}

/** The one of `names` that is most like `name`, when its similarity is at least `least`. */
export function similarName(name: string, names: readonly string[], least: number): string | undefined {
  const pairs = pairsOf(name.slice(-LONGEST).toLowerCase());
  let best: { readonly name: string; readonly score: number } | undefined;
  for (const candidate of names) {
    const score = similarity(pairs, candidate.toLowerCase());
    if (score >= least && score > (best?.score ?? 0)) best = { name: candidate, score };
  }
  return best?.name;
}

/** Up to `most` of the paths, likest first: same path but for case, same name elsewhere, similar name. */
export function similarPaths(path: string, paths: Iterable<string>, most = 3): readonly string[] {
  const wanted = path
    .slice(-LONGEST)
    .replaceAll("\\", "/")
    .replace(/^[./]+|\/+$/g, "")
    .toLowerCase();
  const name = baseName(wanted);
  const pairs = pairsOf(stem(name));
  const letters = lettersOf(name);
  const folders = new Set(wanted.split("/").slice(0, -1));
  const best: { readonly path: string; readonly score: number }[] = [];
  for (const candidate of paths) {
    const score = scoreOf(candidate.slice(-LONGEST).toLowerCase());
    if (score < 0.5 || score <= (best[most - 1]?.score ?? 0)) continue;
    best.push({ path: candidate, score });
    best.sort((a, b) => b.score - a.score);
    if (best.length > most) best.pop();
  }
  return best.map((one) => one.path);

  function scoreOf(candidate: string): number {
    if (candidate === wanted) return 10;
    const other = baseName(candidate);
    let alike = similarity(pairs, stem(other));
    if (other === name) alike = 4;
    else if (stem(other) === stem(name)) alike = 2;
    else if (other.length === name.length && lettersOf(other) === letters) alike = 1;
    if (alike < 0.5) return 0;
    let common = 0;
    for (const folder of candidate.split("/").slice(0, -1)) if (folders.has(folder)) common++;
    return alike + Math.min(1, common / 10);
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The same for names in which letters changed places. */
function lettersOf(name: string): string {
  return name.split("").sort().join("");
}

function stem(name: string): string {
  const dot = name.indexOf(".", 1);
  return dot === -1 ? name : name.slice(0, dot);
}
