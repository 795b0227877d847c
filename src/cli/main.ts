/**
 * The command line from its arguments to its exit status. Not the commands: each is a file beside this one.
 * 0 it holds, 1 it does not, 2 wrong use or unreadable input, 70 our own bug (EX_SOFTWARE of sysexits.h).
 */
import { CommanderError } from '@commander-js/extra-typings'
import { problemLines, type Answer } from './answer.ts'
import type { CommonOptions } from './options.ts'
import { programFor } from './program.ts'
import { terminalFor, type Terminal } from './terminal.ts'

export const EXIT = { holds: 0, doesNotHold: 1, refused: 2, broken: 70 } as const

function printDocument(document: unknown, terminal: Terminal): void {
  if (document !== undefined) terminal.print(JSON.stringify(document, undefined, 2))
}

/** Print an answer in the way that was asked for. Returns the exit status. */
function deliver(answer: Answer, options: CommonOptions, terminal: Terminal): number {
  const json = options.json === true
  switch (answer.kind) {
    case 'answered':
      if (json) printDocument(answer.document, terminal)
      else for (const line of answer.lines) terminal.print(line)
      return answer.holds ? EXIT.holds : EXIT.doesNotHold
    case 'refused':
      if (json)
        terminal.print(
          JSON.stringify({ ...answer.document, problems: answer.problems }, undefined, 2),
        )
      for (const line of problemLines(answer.problems)) terminal.complain(line)
      return EXIT.refused
    case 'broken':
      terminal.complain(`internal error: ${answer.message}`)
      terminal.complain(`this is a bug of sallyport; it happens again with  ${answer.replay}`)
      return EXIT.broken
  }
}

/** As much of a shell's quoting as a line needs that people copy. */
const quoted = (arg: string): string => (/^[\w./:=@,+-]+$/.test(arg) ? arg : `"${arg}"`)

function brokenBy(thrown: unknown, argv: readonly string[], terminal: Terminal): number {
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  const replay = `npx sallyport ${argv.map(quoted).join(' ')}`
  const first = message.split('\n')[0]!
  const status = deliver({ kind: 'broken', message: first, replay }, { color: 'auto' }, terminal)
  if (process.env['SALLYPORT_DEBUG'] && thrown instanceof Error)
    terminal.complain(thrown.stack ?? message)
  return status
}

/** Run the command line. `argv`: the arguments after the program's name. Resolves with the exit status; never rejects. */
export async function main(argv: readonly string[]): Promise<number> {
  let status: number = EXIT.holds
  const program = programFor(async (options, act) => {
    const terminal = terminalFor(options.color)
    status = deliver(await act(terminal), options, terminal)
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return status
  } catch (thrown) {
    // Help and version also arrive here; commander has printed what there was to say.
    if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.holds : EXIT.refused
    return brokenBy(thrown, argv, terminalFor('auto'))
  }
}
