/**
 * The twin's own RADIUS client and EAP peers as the judge meets them: `live` lets the gateway of the topology ask a real server.
 * Not the cases: one that eapol_test or radclient plays is played once more here, where a Windows client could play it.
 */
import { seconds } from '../../../src/base/time.ts'
import type { AuthenticateOptions, AuthenticationMethod } from '../../../src/lab/lab.ts'
import type { AuthenticationReport } from '../../../src/lab/reports.ts'
import { startLive, type LiveSession } from '../../../src/live/live.ts'
import { withGatewayRadius } from '../../../src/topology/edit-nps.ts'
import type { Topology } from '../../../src/topology/topology.ts'
import { TLS13, type RadiusCase } from './case.ts'
import type { Outcome, Verdict } from './clients.ts'
import type { EapolCase } from './eapol.ts'
import { SERVER, type RadiusServer } from './freeradius.ts'
import type { RadclientCase } from './radclient.ts'
import { CLIENTS, NPS_NAME } from './topology.ts'

/** A server under load may take its time; one that is known to stay silent is not waited for. */
const PATIENCE = seconds(10)
const BRIEF = seconds(1)

/** How it ended for the client, which may turn the server down itself. */
export type ClientVerdict = Verdict | 'abandoned'

/** How the judge's client fared, by what it printed: an alert of its own makes a server reject it. */
export const clientVerdict = ({ verdict, log }: Outcome): ClientVerdict =>
  verdict === 'reject' && /SSL3 alert: write \(local SSL3 detected an error\):fatal:/.test(log)
    ? 'abandoned'
    : verdict

/** The same question as {@link RadiusCase} has it, for a gateway; undefined where no Windows client asks so. */
export const questionOf = ({ client }: RadiusCase): AuthenticateOptions | undefined =>
  client.program === 'radclient' ? plainQuestion(client) : eapQuestion(client)

function plainQuestion({ from, claim }: RadclientCase): AuthenticateOptions | undefined {
  if (claim === undefined || !isGateway(from)) return undefined
  const { user, ...rest } = claim
  return { ...rest, user, identity: user }
}

const isGateway = (from: string | undefined): boolean =>
  from === undefined || from === CLIENTS.gateway

const METHODS: Readonly<Record<string, AuthenticationMethod>> = {
  TLS: 'eap-tls',
  MSCHAPV2: 'eap-mschapv2',
  'PEAP auth=TLS': 'peap-tls',
  'PEAP auth=MSCHAPV2': 'peap-mschapv2',
}

/** What a Windows client cannot be told, or does not know. */
const isForeign = ({ network: { phase1 = '', openssl_ciphers: ciphers = '' } }: EapolCase) =>
  `${phase1}`.includes('tls_disable_tlsv1_1=0') || `${ciphers}`.includes('NULL')

function eapQuestion(test: EapolCase): AuthenticateOptions | undefined {
  const { network } = test
  const [inside] = `${network['phase2'] ?? ''}`.split(' ')
  const method = METHODS[network['eap'] === 'PEAP' ? `PEAP ${inside}` : `${network['eap']}`]
  if (method === undefined || !isGateway(test.from) || isForeign(test)) return undefined
  const client = clientOf(test)
  const certificate = test.innerCertificate ?? test.certificate
  const { identity, password, anonymous_identity: outside } = network
  return {
    method,
    client,
    user: `${identity}`,
    identity: `${outside ?? identity}`,
    ...(password !== undefined && { password: `${password}` }),
    ...(certificate !== undefined && {
      certificate: client === 'visitor' ? 'none' : certificate,
    }),
    ...(typeof network['fragment_size'] === 'number' && {
      fragmentSize: network['fragment_size'],
    }),
    tls: tlsOf(test),
    attributes: attributesOf(test),
  }
}

/** The node that trusts what the peer of the case trusts. */
function clientOf({ trusts, network }: EapolCase): string {
  if (trusts === 'strangerCa') return 'visitor'
  const name = network['domain_match']
  return name === undefined ? 'laptop' : name === NPS_NAME ? 'certain' : 'mistaken'
}

function tlsOf({ network }: EapolCase): NonNullable<AuthenticateOptions['tls']> {
  const ciphers = network['openssl_ciphers']
  return {
    ...(network['phase1'] === TLS13 && { minimum: '1.3', maximum: '1.3' }),
    ...(ciphers !== undefined && { ciphers: [`${ciphers}`] }),
  }
}

const ATTRIBUTES: Readonly<Record<string, string>> = {
  30: 'Called-Station-Id',
  32: 'NAS-Identifier',
}

const attributesOf = ({ nasPortType, attributes = [] }: EapolCase) => ({
  ...(nasPortType !== undefined && { 'NAS-Port-Type': nasPortType }),
  ...Object.fromEntries(
    attributes.map((text) => {
      const [number = '', , ...value] = text.split(':')
      return [ATTRIBUTES[number] ?? number, value.join(':')] as const
    }),
  ),
})

const VERDICTS: Readonly<Record<AuthenticationReport['outcome'], ClientVerdict | undefined>> = {
  accepted: 'accept',
  rejected: 'reject',
  'no-answer': 'silence',
  abandoned: 'abandoned',
  'not-attempted': undefined,
}

/** The gateway of a topology, in front of a real server. */
export class TwinGateway {
  readonly #topology: Topology
  readonly #server: RadiusServer
  readonly #secret: string
  /** By secret and patience. */
  readonly #sessions = new Map<string, Promise<LiveSession>>()

  constructor(topology: Topology, server: RadiusServer, secret: string) {
    this.#topology = topology
    this.#server = server
    this.#secret = secret
  }

  /** Ask as the case says, and tell how it went as {@link clientVerdict} does, and what is wrong beyond. */
  async ask(test: RadiusCase, question: AuthenticateOptions): Promise<string> {
    const { lab } = await this.#session(test)
    const report = await lab.nodes['gateway']!.authenticate(question)
    const verdict = VERDICTS[report.outcome] ?? `${report.outcome}: ${report.detail}`
    return verdict === 'accept' && hasKeys(question) && report.keysAgree !== true
      ? 'accept, but the keys differ'
      : verdict
  }

  async stop(): Promise<void> {
    const sessions = await Promise.all(this.#sessions.values())
    await Promise.all(sessions.map((session) => session.stop()))
  }

  #session({ client, expect }: RadiusCase): Promise<LiveSession> {
    const { secret = this.#secret } = client
    const timeout = expect === 'silence' ? BRIEF : PATIENCE
    const key = `${timeout} ${secret}`
    const known = this.#sessions.get(key) ?? this.#start({ server: 'nps', secret, timeout })
    this.#sessions.set(key, known)
    return known
  }

  async #start(server: Parameters<typeof withGatewayRadius>[1][number]): Promise<LiveSession> {
    const topology = withGatewayRadius('gateway', [server]).apply(this.#topology)
    const { port } = this.#server
    const started = await startLive(topology, {
      node: 'gateway',
      realPort: () => undefined,
      remotes: [{ to: 'nps', port: 1812, address: SERVER, realPort: port }],
    })
    if (!started.ok) throw new Error(`the gateway does not start: ${JSON.stringify(started.error)}`)
    return started.value
  }
}

const hasKeys = ({ method = 'none' }: AuthenticateOptions): boolean =>
  !['pap', 'chap', 'ms-chap', 'none'].includes(method)
