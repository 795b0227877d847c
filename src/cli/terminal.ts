/**
 * Where the command line writes: answers to standard output, everything else to standard error.
 * Not a logger. Colours only where the stream is a terminal that wants them.
 */
import picocolors from 'picocolors'

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
  return {
    colors: picocolors.createColors(wanted),
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
