/** What differs between two texts, word by word. */

/** @typedef {{kind: "same" | "gone" | "new", text: string}} Piece */

/** Comparisons of words made at most; texts that differ more are shown as one exchanged for the other. */
const MOST = 1_500_000;

/** @param {string} text */
function words(text) {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];
}

/** @param {string} before @param {string} after @returns {Piece[]} */
export function diff(before, after) {
  const [old, fresh] = [words(before), words(after)];
  let head = 0;
  while (head < old.length && head < fresh.length && old[head] === fresh[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < fresh.length - head && old[old.length - 1 - tail] === fresh[fresh.length - 1 - tail]) tail++;
  const [one, other] = [old.slice(head, old.length - tail), fresh.slice(head, fresh.length - tail)];
  /** @type {Piece[]} */
  const pieces = [];
  const add = (/** @type {Piece["kind"]} */ kind, /** @type {string} */ text) => {
    const last = pieces.at(-1);
    if (!text) return;
    if (last?.kind === kind) last.text += text;
    else pieces.push({ kind, text });
  };
  add("same", old.slice(0, head).join(""));
  if (one.length * other.length > MOST) {
    add("gone", one.join(""));
    add("new", other.join(""));
  } else middle(one, other, add);
  add("same", old.slice(old.length - tail).join(""));
  return tidy(pieces);
}

/** The longest common words of both stay. @param {string[]} one @param {string[]} other @param {(kind: Piece["kind"], text: string) => void} add */
function middle(one, other, add) {
  const width = other.length + 1;
  const longest = new Uint32Array((one.length + 1) * width);
  for (let row = one.length - 1; row >= 0; row--) {
    for (let column = other.length - 1; column >= 0; column--) {
      longest[row * width + column] = one[row] === other[column]
        ? longest[(row + 1) * width + column + 1] + 1
        : Math.max(longest[(row + 1) * width + column], longest[row * width + column + 1]);
    }
  }
  let [row, column] = [0, 0];
  while (row < one.length || column < other.length) {
    if (row < one.length && column < other.length && one[row] === other[column]) {
      add("same", one[row]);
      row++;
      column++;
    } else if (column >= other.length || (row < one.length && longest[(row + 1) * width + column] >= longest[row * width + column + 1])) add("gone", one[row++]);
    else add("new", other[column++]);
  }
}

/** Blanks alone between two changes are part of them: fewer, longer pieces are easier to read. @param {Piece[]} pieces @returns {Piece[]} */
function tidy(pieces) {
  /** @type {Piece[]} */
  const found = [];
  let [gone, fresh] = ["", ""];
  const flush = () => {
    if (gone) found.push({ kind: "gone", text: gone });
    if (fresh) found.push({ kind: "new", text: fresh });
    [gone, fresh] = ["", ""];
  };
  pieces.forEach((piece, index) => {
    const between = piece.kind === "same" && !piece.text.trim() && index > 0 && index < pieces.length - 1 && (gone || fresh);
    if (piece.kind === "gone" || between) gone += piece.text;
    if (piece.kind === "new" || between) fresh += piece.text;
    if (piece.kind === "same" && !between) {
      flush();
      found.push(piece);
    }
  });
  flush();
  return found;
}
