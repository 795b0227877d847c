/**
 * Lets the client of a replica sign in, and fetch a page through its tunnel, as its own programs do: swanctl, dig, curl. Not how it signs in: `sign-in-plan.ts`
 * says that, and strongSwan's files hold it.
 */
import { parseIpv4 } from '../base/address.ts'
import { err, ok } from '../base/result.ts'
import type { Engine } from './engine.ts'
import { folderOf, type ReplicaPlan } from './plan.ts'
import { CHILD_NAME } from './render/strongswan.ts'
import { containerName, problemOf, type Outcome } from './replica.ts'

export interface SignIn {
  readonly isConnected: boolean
  /** That the gateway gave; absent: it is not connected. */
  readonly address?: string
  /** Inside, as the gateway says; empty: it is not connected. */
  readonly dns: readonly string[]
  /** What strongSwan said of it, from the first packet on. */
  readonly log: readonly string[]
}

export interface Page {
  /** Of the server, as DNS inside has it; absent: there is no such name. */
  readonly address?: string
  /** Absent: nothing came. */
  readonly body?: string
  /** Why nothing came. */
  readonly why?: string
}

/** Longer than all retransmissions of an IKE_SA_INIT that anybody waits for. */
const DIAL_SECONDS = 20
const FETCH_SECONDS = 8
const TUNNEL_DEVICE = 'ipsec0'

const clientOf = ({ name, client }: ReplicaPlan): string => containerName(name, client.node)

const daemonOf = ({ client }: ReplicaPlan): readonly string[] => [
  '--uri',
  `unix://${folderOf(client.node)}/charon.vici`,
]

/** End the tunnel, if there is one: the gateway is told, and whether it hears it does not count. */
export async function signOut(engine: Engine, plan: ReplicaPlan): Outcome<undefined> {
  const words = ['--terminate', '--ike', CHILD_NAME, '--force', '--timeout', '1']
  const ended = await engine.run(clientOf(plan), ['swanctl', ...words, ...daemonOf(plan)])
  return ended.ok ? ok(undefined) : err(problemOf(ended.error))
}

/** Dial, once; a tunnel that is up goes first. */
export async function signIn(engine: Engine, plan: ReplicaPlan): Outcome<SignIn> {
  const ended = await signOut(engine, plan)
  if (!ended.ok) return ended
  const run = (...command: readonly string[]) => engine.run(clientOf(plan), command)
  const seconds = String(DIAL_SECONDS)
  const dialled = await run(
    'swanctl',
    '--initiate',
    '--child',
    CHILD_NAME,
    '--timeout',
    seconds,
    ...daemonOf(plan),
  )
  if (!dialled.ok) return err(problemOf(dialled.error))
  const log = dialled.value.output.split('\n').filter((line) => line !== '')
  if (dialled.value.status !== 0) return ok({ isConnected: false, dns: [], log })
  const shown = await run('ip', '-4', '-o', 'address', 'show', 'dev', TUNNEL_DEVICE)
  if (!shown.ok) return err(problemOf(shown.error))
  const resolver = await run('cat', `${folderOf(plan.client.node)}/resolv.conf`)
  if (!resolver.ok) return err(problemOf(resolver.error))
  const address = /\binet ([\d.]+)/.exec(shown.value.output)?.[1]
  return ok({
    isConnected: true,
    ...(address !== undefined && { address }),
    dns: insideServers(resolver.value.output),
    log,
  })
}

/** strongSwan marks what it was given. */
const insideServers = (text: string): readonly string[] =>
  [...text.matchAll(/^nameserver (\S+) +# by strongSwan/gm)].map(([, server]) => server!)

/** The addresses of a name, as a server answers the client. */
export async function lookUp(
  engine: Engine,
  plan: ReplicaPlan,
  name: string,
  server: string,
): Outcome<readonly string[]> {
  const command = ['dig', '+short', '+time=2', '+tries=2', `@${server}`, name, 'A']
  const asked = await engine.run(clientOf(plan), command)
  if (!asked.ok) return err(problemOf(asked.error))
  return ok(asked.value.output.split('\n').filter((line) => parseIpv4(line.trim()) !== undefined))
}

/** Fetch an `http:` or `https:` URL by the names of `server`, as a browser of the client would with its tunnel up. */
export async function fetchPage(
  engine: Engine,
  plan: ReplicaPlan,
  url: URL,
  server: string,
): Outcome<Page> {
  const { hostname, protocol } = url
  const found = await lookUp(engine, plan, hostname, server)
  if (!found.ok) return found
  const [address] = parseIpv4(hostname) === undefined ? found.value : [hostname]
  if (address === undefined) return ok({ why: `${server} knows no address of ${hostname}` })
  const port = url.port === '' ? (protocol === 'https:' ? '443' : '80') : url.port
  const roots = `${folderOf(plan.client.node)}/swanctl/x509ca/root-1.pem`
  const limits = ['--silent', '--fail', '--max-time', String(FETCH_SECONDS), '--cacert', roots]
  const place = ['--resolve', `${hostname}:${port}:${address}`, url.href]
  const fetched = await engine.run(clientOf(plan), ['curl', ...limits, ...place])
  if (!fetched.ok) return err(problemOf(fetched.error))
  const { status, output } = fetched.value
  if (status === 0) return ok({ address, body: output })
  return ok({ address, why: CURL[status] ?? `curl ended with status ${status}` })
}

/** Exit statuses of curl(1) that tell something about a network. */
const CURL: Readonly<Record<number, string>> = {
  7: 'nobody listens there',
  22: 'the server answers with an error',
  28: 'no answer',
  52: 'the server says nothing',
  60: 'the certificate is not trusted',
}
