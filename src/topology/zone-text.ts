/**
 * Changes to the text of a zone file that leave the rest as it is written: take records out, put one in.
 * Not a parser of records (`engine/dns/zone-file.ts`): it knows where an entry begins and ends, its owner and its type. RFC 1035 §5.1.
 */

interface Entry {
  /** Offsets of the entry with its line end. */
  readonly start: number
  readonly end: number
  /** Absolute, lower case, without the last dot. */
  readonly owner: string
  /** False: the line begins with a blank and means the owner before. */
  readonly ownerWritten: boolean
  readonly type: string
}

/** Without all records of `name` and `type`. The name is absolute without the last dot, or relative to `origin`. */
export function withoutRecords(text: string, origin: string, name: string, type: string): string {
  const wanted = nameIn(name.toLowerCase(), origin.toLowerCase())
  let left = ''
  let kept = 0
  let ownerLost = false
  for (const entry of entries(text, origin)) {
    const gone = entry.owner === wanted && entry.type === type.toUpperCase()
    if (gone) {
      left += text.slice(kept, entry.start)
      kept = entry.end
    } else if (ownerLost && !entry.ownerWritten) {
      // Its owner stood on a line that is gone.
      left += `${text.slice(kept, entry.start)}${entry.owner}.`
      kept = entry.start
    }
    if (entry.ownerWritten) ownerLost = gone
    else if (!gone) ownerLost = false
  }
  return left + text.slice(kept)
}

/** With one more record, written as in the file and relative to `origin`: `vpn IN A 203.0.113.10`. */
export function withRecordLine(text: string, origin: string, record: string): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n'
  const end = text === '' || text.endsWith('\n') ? '' : eol
  return `${text}${end}$ORIGIN ${origin === '.' ? '.' : `${origin}.`}${eol}${record}${eol}`
}

/** `@`, a name within the zone, or one relative to `origin`. */
function nameIn(name: string, origin: string): string {
  if (name === '@') return origin
  const bare = name.endsWith('.') ? name.slice(0, -1) : name
  const inside = bare === origin || bare.endsWith(`.${origin}`) || name.endsWith('.')
  return inside || origin === '.' ? bare : `${bare}.${origin}`
}

/** A name as the file writes it: relative unless it ends in a dot. */
function ownerIn(written: string, origin: string): string {
  if (written === '@') return origin
  if (written.endsWith('.')) return written === '.' ? '.' : written.slice(0, -1)
  return origin === '.' ? written : `${written}.${origin}`
}

function* entries(text: string, zoneOrigin: string): Generator<Entry> {
  let origin = zoneOrigin.toLowerCase()
  let owner = origin
  for (const { start, end } of logicalLines(text)) {
    const line = text.slice(start, end)
    const words = wordsOf(line)
    if (words.length === 0) continue
    if (words[0]!.startsWith('$')) {
      if (words[0]!.toUpperCase() === '$ORIGIN' && words[1] !== undefined) {
        origin = ownerIn(words[1].toLowerCase(), origin)
      }
      continue
    }
    const ownerWritten = !/^[ \t]/.test(line)
    if (ownerWritten) owner = ownerIn(words.shift()!.toLowerCase(), origin)
    const type = words.find((word) => !/^(\d+([smhdw]\d*)*|IN|CH|HS|CS)$/i.test(word))
    if (type !== undefined) yield { start, end, owner, ownerWritten, type: type.toUpperCase() }
  }
}

/** What may stand in a zone file, for cutting it up: comment, quoted text, escape, bracket, line end, anything else. */
const PIECE = /;[^\r\n]*|"(?:\\.|[^"\\])*"?|\\[^\r\n]|[()]|\r\n|\n|[^;"\\()\r\n]+|[^]/g

/** Lines, with those inside brackets joined. */
function* logicalLines(text: string): Generator<{ start: number; end: number }> {
  let start = 0
  let depth = 0
  for (const piece of text.matchAll(PIECE)) {
    if (piece[0] === '(') depth++
    if (piece[0] === ')') depth = Math.max(0, depth - 1)
    if (depth > 0 || !piece[0].endsWith('\n') || piece[0].startsWith('"')) continue
    const end = piece.index + piece[0].length
    yield { start, end }
    start = end
  }
  if (start < text.length) yield { start, end: text.length }
}

const wordsOf = (line: string): string[] =>
  line
    .replace(PIECE, (piece) => (/^[;()]/.test(piece) ? ' ' : piece))
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
