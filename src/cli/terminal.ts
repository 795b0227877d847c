/**
 * Where the command line writes: answers to standard output, everything else to standard error.
 * Not a logger. Colours only where the stream is a terminal that wants them.
 */
import picocolors from 'picocolors'
import { ASCII_MARKS, UNICODE_MARKS, type Canvas } from '../lab/layout.ts'

export type ColorMode = 'auto' | 'always' | 'never'

export type Colors = ReturnType<typeof picocolors.createColors>

export interface Terminal {
  /** A line of the answer. */
  print(line: string): void
  /** A line about the run itself: problems, progress that stays. */
  complain(line: string): void
  /** Overwrites itself; empty text removes it. Does nothing where standard error is no terminal. */
  progress(text: string): void
  readonly colors: Colors
  /** How wide an answer may be drawn, with which colours and characters. */
  readonly canvas: Canvas
}

const WIDTH = { min: 60, max: 120, unknown: 100 } as const

/** A locale that says what it can show, and does not say UTF-8 (POSIX: the first of the three that is set decides). */
function isWithoutUnicode({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): boolean {
  const locale = [LC_ALL, LC_CTYPE, LANG].find((each) => each !== undefined && each !== '')
  return locale !== undefined && !/utf-?8/i.test(locale)
}

function canvasFor(colors: Colors): Canvas {
  const width = process.stdout.columns ?? WIDTH.unknown
  return {
    paint: colors,
    marks: isWithoutUnicode(process.env) ? ASCII_MARKS : UNICODE_MARKS,
    width: Math.min(WIDTH.max, Math.max(WIDTH.min, width)),
  }
}

// Who reads may stop reading (`| head`): no failure of ours, and nobody is left to hear of it.
const onClosed = (error: NodeJS.ErrnoException): void => {
  if (error.code !== 'EPIPE') throw error
}

export function terminalFor(mode: ColorMode): Terminal {
  for (const stream of [process.stdout, process.stderr]) {
    if (!stream.listeners('error').includes(onClosed)) stream.on('error', onClosed)
  }
  const wanted =
    mode === 'auto' ? process.stdout.isTTY && picocolors.isColorSupported : mode === 'always'
  let showing = false
  const clear = (): void => {
    if (showing) process.stderr.write('\r\u001b[K')
    showing = false
  }
  const colors = picocolors.createColors(wanted)
  return {
    colors,
    canvas: canvasFor(colors),
    print(line) {
      clear()
      process.stdout.write(`${line}\n`)
    },
    complain(line) {
      clear()
      process.stderr.write(`${line}\n`)
    },
    progress(text) {
      if (!process.stderr.isTTY) return
      clear()
      if (text === '') return
      process.stderr.write(text.slice(0, (process.stderr.columns ?? 80) - 1))
      showing = true
    },
  }
}
