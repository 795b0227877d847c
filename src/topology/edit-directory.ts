/**
 * Named changes to a topology's domain and its CAs: members, users, policies, templates, who may sign people in.
 * Not the other edits, which are `edit.ts`; the rules are the same: pure, named, and one that changes nothing throws RangeError.
 */
import { edit, keysOf, merged, mustFind, type Change, type Edit } from './edit.ts'
import type {
  ComputerSpec,
  DirectorySpec,
  KdcSpec,
  PasswordPolicySpec,
  UserSpec,
} from './directory.ts'
import type { CertificateSpec } from './pki.ts'
import type { TemplateSpec } from './templates.ts'
import type { NodeSpec, Topology } from './topology.ts'

/** `who` (a user, node or group) is no longer in the group. */
export const withoutMember = <N extends string, H extends string, Z extends string>(
  group: string,
  who: string,
): Edit<N, H, Z> =>
  editMembers(`${who} leaves ${group}`, group, (members) => {
    mustFind(`member of ${group}`, who, members)
    return members.filter((member) => member !== who)
  })

/** `who` (a user, node or group) is in the group, which may be new. */
export const withMember = <N extends string, H extends string, Z extends string>(
  group: string,
  who: string,
): Edit<N, H, Z> =>
  edit(`${who} joins ${group}`, (topology) =>
    inDirectory(topology, (directory) => {
      const members = directory.groups?.[group] ?? []
      if (members.includes(who)) throw new RangeError(`${who} is in ${group} already`)
      return { ...directory, groups: { ...directory.groups, [group]: [...members, who] } }
    }),
  )

/** Change a user's account, or add one. */
export const withUser = <N extends string, H extends string, Z extends string>(
  key: string,
  change: Change<UserSpec>,
): Edit<N, H, Z> =>
  edit(`user ${key} changes (${keysOf(change)})`, (topology) =>
    inDirectory(topology, (directory) => ({
      ...directory,
      users: { ...directory.users, [key]: merged<UserSpec>(directory.users?.[key] ?? {}, change) },
    })),
  )

/** Change a computer's account. */
export const withComputer = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  change: Change<ComputerSpec>,
): Edit<N, H, Z> =>
  edit(`the account of ${node} changes (${keysOf(change)})`, (topology) => {
    mustFind('node', node, Object.keys(topology.nodes))
    return inDirectory(topology, (directory) => {
      const computers = directory.computers ?? {}
      const now = merged<ComputerSpec>(computers[node] ?? {}, change)
      return { ...directory, computers: { ...computers, [node]: now } }
    })
  })

/** Change the Default Domain Policy, as far as it speaks of passwords and lockouts. */
export const withPasswordPolicy = <N extends string, H extends string, Z extends string>(
  change: Change<PasswordPolicySpec>,
): Edit<N, H, Z> =>
  edit(`the password policy changes (${keysOf(change)})`, (topology) =>
    inDirectory(topology, (directory) => ({
      ...directory,
      passwordPolicy: merged<PasswordPolicySpec>(directory.passwordPolicy ?? {}, change),
    })),
  )

/** Turn either half of the autoenrolment policy on or off. */
export const withAutoenrolment = <N extends string, H extends string, Z extends string>(
  halves: NonNullable<DirectorySpec['autoenrolment']>,
): Edit<N, H, Z> => {
  const told = Object.entries(halves).map(([half, isOn]) => `${half} ${isOn ? 'on' : 'off'}`)
  return edit(`autoenrolment: ${told.join(', ')}`, (topology) =>
    inDirectory(topology, (directory) => ({
      ...directory,
      autoenrolment: { ...directory.autoenrolment, ...halves },
    })),
  )
}

/** The authority is no longer in the NTAuth store: what it issued signs nobody in. */
export const withoutNtAuth = <N extends string, H extends string, Z extends string>(
  authority: string,
): Edit<N, H, Z> =>
  edit(`NTAuth loses ${authority}`, (topology) =>
    inDirectory(topology, (directory) => {
      const ntAuth = directory.ntAuth ?? []
      mustFind('authority in NTAuth', authority, ntAuth)
      return { ...directory, ntAuth: ntAuth.filter((key) => key !== authority) }
    }),
  )

/** Change how the domain controllers map certificates to accounts. */
export const withKdc = <N extends string, H extends string, Z extends string>(
  change: Change<KdcSpec>,
): Edit<N, H, Z> =>
  edit(`the KDC changes (${keysOf(change)})`, (topology) =>
    inDirectory(topology, (directory) => ({
      ...directory,
      kdc: merged<KdcSpec>(directory.kdc ?? {}, change),
    })),
  )

export const withTemplate = <N extends string, H extends string, Z extends string>(
  key: string,
  change: Change<TemplateSpec>,
): Edit<N, H, Z> =>
  edit(`template ${key} changes (${keysOf(change)})`, (topology) => {
    const templates = topology.templates ?? {}
    mustFind('template', key, Object.keys(templates))
    return { ...topology, templates: { ...templates, [key]: merged(templates[key]!, change) } }
  })

/** The template is no longer among those that the authority issues. */
export const withoutTemplateAt = <N extends string, H extends string, Z extends string>(
  authority: string,
  template: string,
): Edit<N, H, Z> =>
  edit(`${authority} no longer issues ${template}`, (topology) => {
    mustFind('authority', authority, Object.keys(topology.authorities))
    const spec = topology.authorities[authority]!
    mustFind(`template at ${authority}`, template, spec.templates ?? [])
    const templates = spec.templates!.filter((key) => key !== template)
    return {
      ...topology,
      authorities: { ...topology.authorities, [authority]: { ...spec, templates } },
    }
  })

/**
 * Revoke a certificate of a node, `at` after the topology's start. One that autoenrolment brings is then listed on the node, as if it
 * had been requested there: it stays the same certificate.
 */
export const withCertificateRevoked = <N extends string, H extends string, Z extends string>(
  node: NoInfer<H>,
  name: string,
  revoked: NonNullable<CertificateSpec['revoked']>,
): Edit<N, H, Z> => {
  const told = `the certificate '${name}' of ${node} is revoked (${revoked.reason})`
  return edit(told, (topology) => {
    const spec: NodeSpec | undefined = topology.nodes[node]
    if (spec === undefined || spec.kind === 'switch') {
      throw new RangeError(`${node} is no node that holds certificates`)
    }
    const listed = spec.certificates ?? []
    const certificates = listed.some((certificate) => certificate.name === name)
      ? listed.map((each) => (each.name === name ? { ...each, revoked } : each))
      : [...listed, { ...autoenrolled(topology, node, name), revoked }]
    return { ...topology, nodes: { ...topology.nodes, [node]: { ...spec, certificates } } }
  })
}

/** How a certificate that autoenrolment brings would be listed: by the template that brings that name. */
function autoenrolled(topology: Topology, node: string, name: string): CertificateSpec {
  const spec = topology.nodes[node]
  const templates = Object.entries(topology.templates ?? {})
  const found = templates.find(([key, { certificate = key }]) => certificate === name)
  if (found === undefined) throw new RangeError(`${node} has no certificate '${name}'`)
  const [template, { base }] = found
  const user = spec?.kind === 'host' ? spec.users?.[0] : undefined
  return { name, template, ...(base === 'User' && user !== undefined && { for: user }) }
}

const editMembers = <N extends string, H extends string, Z extends string>(
  name: string,
  group: string,
  change: (members: readonly string[]) => readonly string[],
): Edit<N, H, Z> =>
  edit(name, (topology) =>
    inDirectory(topology, (directory) => {
      const groups = directory.groups ?? {}
      mustFind('group', group, Object.keys(groups))
      return { ...directory, groups: { ...groups, [group]: change(groups[group]!) } }
    }),
  )

/** Names were checked where the edit is built into a lab, so inside here they are text. */
function inDirectory<N extends string, H extends string, Z extends string>(
  topology: Topology<N, H, Z>,
  change: (directory: DirectorySpec) => DirectorySpec,
): Topology<N, H, Z> {
  const { directory } = topology
  if (directory === undefined) throw new RangeError('the topology has no directory')
  return { ...topology, directory: change(directory) as DirectorySpec<H> }
}
