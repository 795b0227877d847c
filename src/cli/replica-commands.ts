/** `sallyport replica` and its own commands: options and help. Not what they do: each action imports `cli/replica.ts` when it is called for. */
import { Command } from '@commander-js/extra-typings'
import { BASE_DEFAULT } from '../replica/base-image.ts'
import { examples, plainCommand, TOPOLOGY, type Perform } from './commands.ts'

/** A command that speaks to a container engine. */
const engineCommand = (name: string, description: string) =>
  plainCommand(name, description)
    .argument('[topology]', TOPOLOGY)
    .option('--client <node>', 'who signs in (default: the first with a ProfileXML for users)')
    .option(
      '--engine <socket>',
      'socket of a container engine, or tcp://host:port (default: DOCKER_HOST, or the usual one)',
    )

const replicaUp = (perform: Perform) =>
  engineCommand('up', 'start it; all of it or nothing')
    .option('--base <image>', 'a Debian 12 that the engine has or can fetch', BASE_DEFAULT)
    .addHelpText(
      'after',
      examples('replica up', 'replica up --engine /run/docker.sock --base my-debian:bookworm'),
    )
    .action((topology, options) =>
      perform(options, async (terminal) =>
        (await import('./replica.ts')).up(topology, options, terminal),
      ),
    )

const replicaStatus = (perform: Perform) =>
  engineCommand('status', 'is all of it running?').action((topology, options) =>
    perform(options, async () => (await import('./replica.ts')).status(topology, options)),
  )

const replicaSignIn = (perform: Perform) =>
  engineCommand('sign-in', 'let the client sign in')
    .option('--fetch <url>', 'then fetch a page through the tunnel')
    .addHelpText('after', examples('replica sign-in --fetch http://intranet.corp.contoso.com/'))
    .action((topology, options) =>
      perform(options, async () => (await import('./replica.ts')).signIn(topology, options)),
    )

const replicaDown = (perform: Perform) =>
  engineCommand('down', 'remove its containers and networks')
    .option('--images', 'and its images')
    .action((topology, options) =>
      perform(options, async () => (await import('./replica.ts')).down(topology, options)),
    )

const replicaRender = (perform: Perform) =>
  plainCommand('render', 'write what its images are built of: no secret is in it')
    .argument('<dir>', 'folder to write into; files of the same names are overwritten')
    .option('--topology <file>', TOPOLOGY)
    .option('--client <node>', 'who signs in (default: the first with a ProfileXML for users)')
    .addHelpText('after', examples('replica render docker'))
    .action((dir, options) =>
      perform(options, async () => (await import('./replica.ts')).render(dir, options)),
    )

export const replica = (perform: Perform): Command => {
  const made = new Command('replica').description(
    'the network as containers: strongSwan, FreeRADIUS, BIND, nginx and nftables',
  )
  for (const make of [replicaUp, replicaSignIn, replicaStatus, replicaDown, replicaRender]) {
    made.addCommand(make(perform).exitOverride())
  }
  return made
}
