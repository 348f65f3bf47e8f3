/** git's own way to put binary content into a patch (diff.c `emit_binary_diff_body`, base85.c). */
import { zlibStream } from "./pack-writer.ts";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
const LINE_BYTES = 52;

/** The `GIT binary patch` block that sets a file to these bytes. One deflate; 1.3 bytes a byte. */
export async function binaryPatch(bytes: Uint8Array): Promise<string> {
  const deflated = await zlibStream(bytes);
  let lines = "";
  for (let at = 0; at < deflated.byteLength; at += LINE_BYTES) {
    const line = deflated.subarray(at, at + LINE_BYTES);
    lines += `${lengthChar(line.byteLength)}${base85(line)}\n`;
  }
  return `GIT binary patch\nliteral ${bytes.byteLength}\n${lines}\n`;
}

function lengthChar(length: number): string {
  return String.fromCharCode(length <= 26 ? 64 + length : 96 + length - 26);
}

function base85(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.byteLength; at += 4) {
    let word = 0;
    for (let i = 0; i < 4; i++) word = word * 256 + (bytes[at + i] ?? 0);
    let group = "";
    for (let i = 0; i < 5; i++) {
      group = (ALPHABET[word % 85] ?? "") + group;
      word = Math.floor(word / 85);
    }
    text += group;
  }
  return text;
}
