/**
 * `sallyport authenticate`: the gateway asks its RADIUS servers whether a user may come in. Holds when one accepts.
 * Not the tunnel around it, and not the client's way to the gateway.
 */
import { readFileSync } from 'node:fs'
import { err, ok, type Result } from '../base/result.ts'
import { AUTHENTICATION_METHODS, type AuthenticationMethod, type Lab } from '../lab/lab.ts'
import { gatewaysOf, serviceOf } from '../lab/inventory.ts'
import { renderAuthentication } from '../lab/render-authentication.ts'
import type { AuthenticationReport } from '../lab/reports.ts'
import { startLive } from '../live/live.ts'
import { withGatewayRadius } from '../topology/edit-nps.ts'
import { didYouMean } from '../topology/near-miss.ts'
import type { RadiusServerSpec } from '../topology/nps.ts'
import type { Topology } from '../topology/topology.ts'
import { refused, type Answer, type Problem } from './answer.ts'
import { openLab, unknownNode, type OpenLab } from './open-lab.ts'
import type { LabCommandOptions } from './options.ts'
import type { Terminal } from './terminal.ts'

export interface AuthenticateCommandOptions extends LabCommandOptions {
  readonly on?: string | undefined
  readonly client?: string | undefined
  readonly user?: string | undefined
  readonly method?: string | undefined
  readonly against?: string | undefined
  readonly secretFile?: string | undefined
  readonly expose?: true | undefined
}

export async function authenticate(
  topology: string | undefined,
  options: AuthenticateCommandOptions,
  { colors }: Terminal,
): Promise<Answer> {
  const opened = await openLab(topology, options)
  if (!opened.ok) return refused(...opened.error)
  const gateway = options.on ?? gatewaysOf(opened.value.topology)[0]
  const problem = problemOf(gateway, options, opened.value)
  if (problem !== undefined) return refused(problem)
  const { lab, topology: asked } = opened.value
  const report =
    options.against === undefined
      ? ok(await ask(lab, gateway!, options))
      : await askReal(asked, gateway!, { ...options, against: options.against })
  if (!report.ok) return refused(report.error)
  return {
    kind: 'answered',
    holds: report.value.outcome === 'accepted',
    document: report.value,
    lines: renderAuthentication(report.value, colors),
  }
}

/** The same question, to a real server, under the real clock: the lab's own answers for everything else. */
async function askReal(
  topology: Topology,
  gateway: string,
  options: AuthenticateCommandOptions & { readonly against: string },
): Promise<Result<AuthenticationReport, Problem>> {
  const aim = /^([^:]+)(?::(\d{1,5}))?$/.exec(options.against)
  if (aim === null) return err({ message: `--against '${options.against}' is no address and port` })
  const secret = options.secretFile === undefined ? ok(undefined) : firstLine(options.secretFile)
  if (!secret.ok) return secret
  const edited =
    secret.value === undefined || secret.value === firstServer(topology, gateway).secret
      ? topology
      : withGatewayRadius(gateway, [
          { ...firstServer(topology, gateway), secret: secret.value },
        ]).apply(topology)
  const [server] = serviceOf(edited, gateway, 'vpn-gateway')?.radius ?? []
  const to = server?.server ?? server?.address
  if (to === undefined) return err({ message: `${gateway} asks no RADIUS server` })
  const live = await startLive(edited, {
    node: gateway,
    seed: options.seed,
    realPort: () => undefined,
    remotes: [{ to, address: aim[1]!, ...(aim[2] !== undefined && { realPort: Number(aim[2]) }) }],
    ...(options.expose === true && { exposes: true }),
  })
  if (!live.ok) {
    const { error } = live
    return err({ message: error.kind === 'live' ? error.message : error.problems[0]!.message })
  }
  try {
    return ok(await ask(live.value.lab, gateway, options))
  } finally {
    await live.value.stop()
  }
}

const firstServer = (topology: Topology, gateway: string): RadiusServerSpec =>
  serviceOf(topology, gateway, 'vpn-gateway')!.radius![0]!

function firstLine(file: string): Result<string, Problem> {
  try {
    return ok(readFileSync(file, 'utf8').split(/\r?\n/)[0]!)
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    return err({ message: `--secret-file cannot be read: ${why}` })
  }
}

function problemOf(
  gateway: string | undefined,
  { client, user, method }: AuthenticateCommandOptions,
  opened: OpenLab,
): Problem | undefined {
  const { topology, file } = opened
  if (gateway === undefined) {
    return { file, message: `no node of topology '${topology.name}' asks a RADIUS server` }
  }
  const unknown =
    unknownNode('--on', gateway, opened) ??
    (client === undefined ? undefined : unknownNode('--client', client, opened))
  if (unknown !== undefined) return unknown
  if (!gatewaysOf(topology).includes(gateway)) {
    return {
      file,
      message: `--on '${gateway}' asks no RADIUS server: it has no vpnGateway that does`,
    }
  }
  if (method !== undefined && !isMethod(method)) {
    const hint = didYouMean(method, AUTHENTICATION_METHODS)
    return {
      message: `--method '${method}' is none of ${AUTHENTICATION_METHODS.join(', ')}${hint}`,
    }
  }
  const users = Object.keys(topology.directory?.users ?? {})
  if (client === undefined && user === undefined) {
    return { message: `who comes in? Give --client (a node) or --user (of ${users.join(', ')})` }
  }
  if (user !== undefined && !users.includes(user)) {
    const hint = didYouMean(user, users)
    return { file, message: `there is no user '${user}' in topology '${topology.name}'${hint}` }
  }
  return undefined
}

const isMethod = (text: string): text is AuthenticationMethod =>
  AUTHENTICATION_METHODS.some((method) => method === text)

const ask = (lab: Lab, gateway: string, { client, user, method }: AuthenticateCommandOptions) =>
  lab.nodes[gateway]!.authenticate({
    ...(client !== undefined && { client }),
    ...(user !== undefined && { user }),
    ...(method !== undefined && { method: method as AuthenticationMethod }),
  })
