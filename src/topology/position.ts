/**
 * Line and column of an offset in a text, as editors count them: from 1, columns in UTF-16 units.
 * Not a parser. CRLF, LF and CR each end a line.
 */

export interface Position {
  readonly line: number
  readonly column: number
}

/** The function from an offset (0 … length) in `text` to its position. */
export function positionsOf(text: string): (offset: number) => Position {
  const starts = lineStarts(text)
  return (offset) => {
    let low = 0
    let high = starts.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (starts[middle]! <= offset) low = middle
      else high = middle - 1
    }
    return { line: low + 1, column: offset - starts[low]! + 1 }
  }
}

/** The inverse: from a position in `text` to its offset. */
export function offsetsOf(text: string): (at: Position) => number {
  const starts = lineStarts(text)
  return ({ line, column }) => (starts[line - 1] ?? text.length) + column - 1
}

function lineStarts(text: string): readonly number[] {
  const starts = [0]
  for (const end of text.matchAll(/\r\n|\n|\r/g)) starts.push(end.index + end[0].length)
  return starts
}

export const positionAt = (text: string, offset: number): Position => positionsOf(text)(offset)
