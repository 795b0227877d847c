/** `docker/` is what the renderers make of Contoso, and holds nothing that nobody should read. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { fromUtf8 } from '../../src/base/bytes.ts'
import { asOfNow } from '../../src/lab/as-of-now.ts'
import { contextOf } from '../../src/replica/context.ts'
import { planReplica, type ReplicaFile, type ReplicaPlan } from '../../src/replica/plan.ts'
import { ROLES } from '../../src/replica/role.ts'
import type { Topology } from '../../src/topology/topology.ts'
import { contoso } from '../../topologies/contoso/topology.ts'

const DOCKER = fileURLToPath(new URL('../../docker/', import.meta.url))
const RENDER = 'node bin/sallyport.js replica render docker'

function planned(topology: Topology = contoso): ReplicaPlan {
  const plan = planReplica(topology)
  if (!plan.ok) throw new Error(plan.error.map(({ message }) => message).join('\n'))
  return plan.value
}

const committed = (): readonly string[] =>
  readdirSync(DOCKER, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(path.join(DOCKER, name)).isFile())
    .map((name) => name.split(path.sep).join('/'))
    .toSorted()

const filesOf = (plan: ReplicaPlan, isWanted: (file: ReplicaFile) => boolean) =>
  plan.nodes.flatMap((node) =>
    node.files
      .filter(isWanted)
      .map(({ name, bytes }) => [`${node.name}/${name}`, fromUtf8(bytes)] as const),
  )
const isConfiguration = ({ isMadeAtStart }: ReplicaFile): boolean => isMadeAtStart !== true

describe('docker/', () => {
  test(`is what is rendered now: ${RENDER}`, () => {
    const files = contextOf(planned())
    expect(committed()).toEqual(files.map(({ name }) => name).toSorted())
    const changed = files
      .filter(({ name, bytes }) => !readFileSync(path.join(DOCKER, name)).equals(bytes))
      .map(({ name }) => name)
    expect(changed).toEqual([])
  })

  test('holds no secret, no password, no key and no certificate', () => {
    const { users = {} } = contoso.directory ?? {}
    const hidden = [
      'gateway-and-nps1',
      ...Object.values(users).flatMap(({ password }) => password ?? []),
      '-----BEGIN',
    ]
    expect(hidden.length).toBeGreaterThan(4)
    const telling = committed().filter((name) => {
      const text = readFileSync(path.join(DOCKER, name), 'utf8')
      return hidden.some((secret) => text.includes(secret))
    })
    expect(telling).toEqual([])
    const fresh = filesOf(planned(), (file) => !isConfiguration(file)).map(([, text]) => text)
    for (const secret of hidden) expect(fresh.some((text) => text.includes(secret))).toBe(true)
  })

  test('is the same whatever the day', () => {
    const later = planned(asOfNow(contoso, '2031-07-14T21:00:00Z'))
    expect(filesOf(later, isConfiguration)).toEqual(filesOf(planned(), isConfiguration))
    expect(filesOf(later, (file) => !isConfiguration(file))).not.toEqual(
      filesOf(planned(), (file) => !isConfiguration(file)),
    )
  })

  test('has a Dockerfile a role, which begins with the base that it is told', () => {
    for (const role of ROLES) {
      const text = readFileSync(path.join(DOCKER, role, 'Dockerfile'), 'utf8')
      expect(text).toContain('ARG BASE=debian:bookworm-slim\nFROM ${BASE}\n')
      expect(text).toContain(`COPY ${role}/ /etc/sallyport/`)
    }
  })
})
