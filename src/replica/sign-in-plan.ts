/**
 * How the client of a replica signs in: what its ProfileXML dials, and the proof that strongSwan can give in its place.
 * Not the dialling: `sign-in.ts` does it. strongSwan on Debian has no PEAP, so both ends of a replica speak without it.
 */
import { err, ok, type Result } from '../base/result.ts'
import type { Instant } from '../base/time.ts'
import { accountOf } from '../directory/directory.ts'
import type { Compiled } from '../lab/compile.ts'
import { mannerOf } from '../lab/eap-client.ts'
import { ipNodesOf } from '../lab/network.ts'
import { ipNodeOf, serviceOf } from '../lab/inventory.ts'
import { selectOn } from '../lab/selection.ts'
import { serversOf } from '../lab/vpn-profile.ts'
import type { AuthenticationMethods, EapTypeSpec, NpsSpec } from '../topology/nps.ts'
import { deepFreeze, type NodeSpec, type Topology } from '../topology/topology.ts'
import type { StrongSwanProof } from './render/strongswan.ts'

export interface SignInPlan {
  /** As the profile dials it: resolved by the client itself. */
  readonly gateway: string
  readonly proof: StrongSwanProof
}

/** What the client would dial and show at `at`; or why it can do neither, in a line. */
export function signInPlan(
  compiled: Compiled,
  client: string,
  at: Instant,
): Result<SignInPlan, string> {
  const { topology, directory, profiles } = compiled
  const profile = profiles.get(client)?.user
  const [gateway] = profile === undefined ? [] : serversOf(profile)
  if (gateway === undefined) return err(`${client}: its ProfileXML names no server`)
  const spec = topology.nodes[client]
  const user = spec?.kind === 'host' ? spec.users?.[0] : undefined
  if (user === undefined) return err(`${client}: nobody signs in there`)
  const identity = (directory && accountOf(directory, 'user', user)?.upn) ?? user
  if (mannerOf(compiled, client).endsWith('-mschapv2')) {
    const password = topology.directory?.users?.[user]?.password ?? ''
    return ok({ gateway, proof: { kind: 'eap-mschapv2', identity, password } })
  }
  const selection = selectOn({ node: client, use: 'eap-tls', compiled, at })
  const certificate = selection.selected ?? selection.asks?.[0]
  if (certificate === undefined) {
    const [first] = selection.passedOver
    const why = first === undefined ? '' : ` ('${first.name}' ${first.why})`
    return err(`${client}: no certificate for ${user}${why}`)
  }
  const serverName = radiusServerName(compiled, client, at)
  if (serverName === undefined) return err(`${client}: no NPS with a certificate that has a name`)
  return ok({ gateway, proof: { kind: 'eap-tls', certificate, identity, serverName } })
}

/** What the client wants NPS to be called: its profile says so, or else the certificate that NPS shows. Patterns are Windows' alone. */
function radiusServerName(compiled: Compiled, client: string, at: Instant): string | undefined {
  const eap = compiled.profiles.get(client)?.user?.nativeProfile?.eap
  const wanted = (eap?.tls?.server ?? eap?.server)?.serverNames.map(({ value }) => value) ?? []
  const plain = wanted.find((name) => /^[\w-]+(?:\.[\w-]+)*$/.test(name))
  return plain ?? shownNames(compiled, at)[0]
}

const shownNames = (compiled: Compiled, at: Instant): readonly string[] =>
  ipNodesOf(compiled.topology).flatMap(([node]) => {
    const name = serviceOf(compiled.topology, node, 'nps')?.certificate
    const held = name === undefined ? undefined : compiled.pki.certificate(node, name, at)
    return (held?.certificate.subjectAltName ?? []).flatMap((each) =>
      each.kind === 'dns' ? [each.value] : [],
    )
  })

/**
 * The topology with policies of NPS that take, beside PEAP, what they take inside of it. One without PEAP is the same. `changed` names
 * the policies, one line each.
 */
export function withoutPeap(topology: Topology): {
  readonly topology: Topology
  readonly changed: readonly string[]
} {
  const changed: string[] = []
  const methods = (
    policy: string,
    authentication: AuthenticationMethods,
  ): AuthenticationMethods => {
    const bare = bareTypes(authentication.eap ?? [])
    if (bare.length === 0) return authentication
    changed.push(`policy '${policy}' takes ${bare.map(({ type }) => type).join(', ')} without PEAP`)
    return { ...authentication, eap: [...(authentication.eap ?? []), ...bare] }
  }
  const service = (spec: NpsSpec): NpsSpec => ({
    ...spec,
    ...(spec.connectionRequestPolicies !== undefined && {
      connectionRequestPolicies: spec.connectionRequestPolicies.map((policy) =>
        policy.authentication === undefined
          ? policy
          : { ...policy, authentication: methods(policy.name, policy.authentication) },
      ),
    }),
    ...(spec.networkPolicies !== undefined && {
      networkPolicies: spec.networkPolicies.map((policy) =>
        policy.constraints?.authentication === undefined
          ? policy
          : {
              ...policy,
              constraints: {
                ...policy.constraints,
                authentication: methods(policy.name, policy.constraints.authentication),
              },
            },
      ),
    }),
  })
  const nodes = Object.fromEntries(
    Object.entries<NodeSpec>(topology.nodes).map(([name, node]) => {
      const services = ipNodeOf(topology, name)?.services
      if (services?.some(({ service: kind }) => kind === 'nps') !== true) return [name, node]
      const own = services.map((each) => (each.service === 'nps' ? service(each) : each))
      return [name, { ...node, services: own }]
    }),
  )
  return changed.length === 0
    ? { topology, changed }
    : { topology: deepFreeze({ ...topology, nodes }), changed }
}

/** What is taken inside of PEAP and not beside it, with the certificate that PEAP has. */
function bareTypes(types: readonly EapTypeSpec[]): readonly EapTypeSpec[] {
  const outside = new Set<string>(types.map(({ type }) => type))
  return types.flatMap((type) => {
    if (type.type !== 'peap') return []
    return type.inner.flatMap((inner): readonly EapTypeSpec[] => {
      if (outside.has(inner)) return []
      outside.add(inner)
      const { certificate } = type
      if (inner === 'mschapv2') return [{ type: 'mschapv2' }]
      return [{ type: 'tls', ...(certificate !== undefined && { certificate }) }]
    })
  })
}
