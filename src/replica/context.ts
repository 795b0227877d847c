/**
 * The files of a replica as folders: `docker` with a Dockerfile a role and a folder a node below it, which images are built of, and what a container is
 * given when it starts. The first holds no secret; for Contoso it is what is committed.
 */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { utf8 } from '../base/bytes.ts'
import type { ReplicaFile, ReplicaNode, ReplicaPlan } from './plan.ts'
import { ROLES, type Role } from './role.ts'
import { tarOf, type TarFile } from './tar.ts'

/** In the checkout and in the package: two floors above this file. */
const DOCKER = fileURLToPath(new URL('../../docker/', import.meta.url))
const SCRIPTS = ['install', 'start', 'ready'] as const

const MODES = { script: 0o755, file: 0o644, secret: 0o600 } as const

export const dockerfileOf = (role: Role): string => `${role}/Dockerfile`

/** The roles of some nodes, each once. */
export const rolesOf = (nodes: readonly ReplicaNode[]): readonly Role[] =>
  ROLES.filter((role) => nodes.some((node) => node.role === role))

const handWritten = (name: string, mode: number): TarFile => ({
  name,
  mode,
  bytes: new Uint8Array(readFileSync(`${DOCKER}${name}`)),
})

const isKept = ({ isMadeAtStart }: ReplicaFile): boolean => isMadeAtStart !== true

/** The whole folder: what images of these roles are built of. */
export function contextOf(plan: ReplicaPlan, roles: readonly Role[] = ROLES): readonly TarFile[] {
  return [
    ...SCRIPTS.map((name) => handWritten(name, MODES.script)),
    ...roles.map((role) => handWritten(dockerfileOf(role), MODES.file)),
    ...plan.nodes.flatMap((node) =>
      roles.includes(node.role)
        ? node.files.filter(isKept).map(({ name, bytes }) => ({
            name: `${node.role}/${node.name}/${name}`,
            mode: MODES.file,
            bytes,
          }))
        : [],
    ),
  ]
}

export const buildContext = (plan: ReplicaPlan, role: Role): Uint8Array =>
  tarOf(contextOf(plan, [role]))

/**
 * What a container is given once its cables are plugged in, to be put into the node's folder. `macs`: of its interfaces, in order. `cables`
 * is the last file: with it there, all is there.
 */
export function givenAtStart(
  { files, interfaces }: ReplicaNode,
  macs: readonly string[],
): Uint8Array {
  const cables = interfaces.map(({ device }, place) => `${device} ${macs[place] ?? '-'}\n`)
  const secret = (name: string, bytes: Uint8Array): TarFile => ({
    name,
    bytes,
    mode: MODES.secret,
  })
  return tarOf([
    ...files.filter((file) => !isKept(file)).map(({ name, bytes }) => secret(name, bytes)),
    secret('cables', utf8(cables.join(''))),
  ])
}
