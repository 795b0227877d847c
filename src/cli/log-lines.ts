/**
 * Entries of a host's event log as lines of a terminal, as they happen.
 * What peers send stands in them: control characters are shown, not obeyed, and a flood is counted, not printed.
 */
import { formatInstant, seconds, type Instant } from '../base/time.ts'

/** More in one second are counted only. */
export const LINES_PER_SECOND = 100
/** Longer texts are cut. */
const TEXT_MAX = 2000

export interface LogLine {
  readonly at: Instant
  readonly source: string
  readonly eventId?: number
  readonly text: string
}

/** Control and format characters, which move a cursor, colour what follows, or turn its direction. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

const escaped = (text: string): string =>
  text.replaceAll(UNSEEN, (each) => `\\u{${each.codePointAt(0)!.toString(16)}}`)

/** `2026-03-02T08:00:00.000123Z NPS 6273 Network Policy Server denied access to a user.` */
export function logLine({ at, source, eventId, text }: LogLine): string {
  const cut = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text
  const words = [formatInstant(at), escaped(source), eventId, escaped(cut.replaceAll('\n', '; '))]
  return words.filter((word) => word !== undefined).join(' ')
}

export class LogLines {
  readonly #print: (line: string) => void
  #second = 0
  #printed = 0
  #left = 0

  constructor(print: (line: string) => void) {
    this.#print = print
  }

  add(entry: LogLine): void {
    const second = Math.floor(entry.at / seconds(1))
    if (second !== this.#second) {
      this.flush()
      this.#second = second
      this.#printed = 0
    }
    if (this.#printed < LINES_PER_SECOND) this.#print(logLine(entry))
    else this.#left++
    this.#printed++
  }

  /** Say how many were left out. */
  flush(): void {
    if (this.#left > 0) this.#print(`… and ${this.#left} entries more`)
    this.#left = 0
  }
}
