/** What every command is made of: the options that all have, and how it is called into action. Not the commands. */
import { Command, Option } from '@commander-js/extra-typings'
import type { Answer } from './answer.ts'
import { dateOf, seedOf } from './option-words.ts'
import type { CommonOptions } from './options.ts'
import type { Terminal } from './terminal.ts'

/** Runs one command and delivers what it answers. */
export type Perform = (
  options: CommonOptions,
  act: (terminal: Terminal) => Promise<Answer>,
) => Promise<void>

/** A command with the options that all have, but for those of a lab. */
export const plainCommand = (name: string, description: string) =>
  new Command(name)
    .description(description)
    .option('--json', 'one JSON document on standard output, nothing else there')
    .addOption(
      new Option('--color <when>', 'colours')
        .choices(['auto', 'always', 'never'] as const)
        .default('auto' as const),
    )

export const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ npx sallyport ${line}`).join('\n')}\n`

export const TOPOLOGY = 'a .ts or .json file (default: ./topologies/contoso/topology.ts)'

/** A command with the options that all have, but for the instant. */
export const timelessCommand = (name: string, description: string) =>
  plainCommand(name, description).addOption(
    new Option('--seed <n>', 'seed of all chance').argParser(seedOf).default(1),
  )

/** A command with the options that all have. */
export const command = (
  name: string,
  description: string,
  at = 'start at this instant instead of the topology’s',
) => timelessCommand(name, description).addOption(new Option('--at <date>', at).argParser(dateOf))

export const cryptoOption = () =>
  new Option(
    '--crypto <kind>',
    'modelled: same sizes and outcomes without cryptography, for many clients; captures then stay closed',
  ).choices(['real', 'modelled'] as const)
